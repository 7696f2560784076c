import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import {
  type ListUsersResponseSchema,
  type SearchUsersResponseSchema,
  UpdateUserRequestSchema,
  UserService,
} from "../../gen/barong/admin/v1/user_service_pb.js";
import { Role } from "../../gen/barong/entities/v1/role_pb.js";
import { UserState } from "../../gen/barong/entities/v1/user_pb.js";
import type { Call } from "../../src/platform/call.js";
import { serve } from "../../src/wire/services.js";
import { grpcClient } from "./clients.js";
import { get, openTestDoors } from "./support.js";

const bearer = { authorization: "Bearer good" };
const asStaff = { headers: bearer };

/** The staff's service with handlers that answer what the test says, and remember what they were asked. */
async function openStaffDoors(answers: {
  readonly role?: string;
  readonly list?: MessageInitShape<typeof ListUsersResponseSchema>;
  readonly search?: MessageInitShape<typeof SearchUsersResponseSchema>;
}) {
  const asked: unknown[] = [];
  const note = (request: unknown) => void asked.push(request);
  const identify = async (call: Call) => {
    if (call.requestHeader.get("authorization") === null) throw new Error("nobody calls");
    const caller = {
      kind: "bearer" as const,
      accountId: 7,
      uid: "ID0000000007",
      email: "a@b.c",
      role: answers.role ?? "admin",
      level: 3,
      otp: false,
    };
    return { caller };
  };
  const doors = await openTestDoors({
    steps: { identify },
    services: [
      serve(UserService, {
        async listUsers(request) {
          note(request);
          return answers.list ?? {};
        },
        async searchUsers(request) {
          note(request);
          return answers.search ?? {};
        },
        async getUser(request) {
          note(request);
          return {};
        },
        async updateUser(request) {
          note(request);
          return {};
        },
      }),
    ],
  });
  return { ...doors, asked };
}

const put = (url: string, body: string, type = "application/json") =>
  fetch(`${url}/api/v2/admin/users`, {
    method: "PUT",
    headers: { ...bearer, "content-type": type },
    body,
  }).then(async (response) => ({ status: response.status, body: await response.json() }));

test.each(["member", "accountant", "compliance", "nobody knows", ""])(
  "the role '%s' is refused before its request is looked at, through every door",
  async (role) => {
    const { url, doors, asked } = await openStaffDoors({ role });

    const rest = await get(`${url}/api/v2/admin/users?page=abc`, asStaff);
    const rpc = await grpcClient(doors.grpcPort).call(
      UserService.method.updateUser,
      create(UpdateUserRequestSchema),
      asStaff,
    );

    expect(rest).toMatchObject({ status: 401, body: { errors: ["admin.access.denied"] } });
    expect(rpc).toMatchObject({ code: 7, reasons: ["admin.access.denied"] });
    expect(asked).toEqual([]);
  },
);

test("a list says which part of it was answered, and where the others are", async () => {
  const { url, asked } = await openStaffDoors({ list: { users: [{ uid: "ID1" }], total: 5n } });

  const { status, body, headers } = await get(`${url}/api/v2//admin/users?limit=2&page=2&x=%C3%A9`, asStaff);

  expect(status).toBe(200);
  expect(body).toEqual([{ email: "", uid: "ID1", role: "", level: 0, otp: false, state: "unspecified" }]);
  expect(Object.fromEntries(["total", "page", "per-page"].map((name) => [name, headers.get(name)]))).toEqual({
    total: "5",
    page: "2",
    "per-page": "2",
  });
  const at = (page: number) => `<${url}/api/v2//admin/users?limit=2&page=${page}&x=%C3%A9>`;
  expect(headers.get("link")).toBe(
    `${at(1)}; rel="first", ${at(1)}; rel="prev", ${at(3)}; rel="last", ${at(3)}; rel="next"`,
  );
  expect(asked).toMatchObject([{ limit: 2, page: 2 }]);
});

test("links keep whatever else was asked, but no code", async () => {
  const { url } = await openStaffDoors({ search: { total: 5n } });

  const { headers } = await get(
    `${url}/api/v2/admin/users/search?field=email&value=a?b&limit=1&totp_code=123456`,
    asStaff,
  );

  expect(headers.get("link")).toContain(`search?field=email&value=a%3Fb&limit=1&page=2>; rel="next"`);
});

test.each([
  ["", "100", null],
  ["?page=99", "100", ["first", "prev"]],
  ["?limit=2&page=3", "2", ["first", "prev"]],
  ["?limit=4", "4", ["last", "next"]],
  ["?limit=&page=", "100", null],
])("a list asked for with '%s' has pages of %s rows and the links %j", async (query, perPage, rels) => {
  const { url } = await openStaffDoors({ list: { total: 5n } });

  const { headers } = await get(`${url}/api/v2/admin/users${query}`, asStaff);

  const found = headers.get("link")?.matchAll(/rel="(\w+)"/g);
  expect(headers.get("per-page")).toBe(perPage);
  expect(found === undefined ? null : [...found].map(([, rel]) => rel)).toEqual(rels);
});

test.each([
  ["page=abc", ["admin.user.non_integer_page", "admin.user.non_positive_page"]],
  ["page=0", ["admin.user.non_positive_page"]],
  ["page=-1&limit=0", ["admin.user.non_positive_page", "admin.user.invalid_limit"]],
  ["limit=101", ["admin.user.invalid_limit"]],
  ["limit=x", ["admin.user.non_integer_limit", "admin.user.invalid_limit"]],
  ["page=1&page=2", ["admin.user.non_integer_page", "admin.user.non_positive_page"]],
])("a list asked for with '%s' is refused in the words that clients know", async (query, codes) => {
  const { url, asked } = await openStaffDoors({});

  const answer = await get(`${url}/api/v2/admin/users?${query}`, asStaff);

  expect(answer).toMatchObject({ status: 422, body: { errors: codes } });
  expect(asked).toEqual([]);
});

test("times to the millisecond and nulls are written where the schema says so", async () => {
  const createdAt = timestampFromDate(new Date("2019-02-26T10:44:08.070Z"));
  const { url } = await openStaffDoors({ search: { users: [{ id: 3n, createdAt }], total: 1n } });

  const { body } = await get(`${url}/api/v2/admin/users/search?field=email&value=`, asStaff);

  expect(body).toEqual([
    {
      ...{ id: 3, uid: "", email: "", role: "", level: 0, otp: false, state: "unspecified" },
      referral_id: null,
      created_at: "2019-02-26T10:44:08.070Z",
    },
  ]);
});

test.each([
  [`{"uid":"ID1","state":"banned"}`, "application/json", { state: UserState.BANNED }],
  [`{"uid":"ID1","state":"USER_STATE_BANNED"}`, "application/json", { state: UserState.BANNED }],
  [`uid=ID1&state=Banned`, "application/x-www-form-urlencoded", { state: UserState.BANNED }],
  [`{"uid":"ID1","role":"compliance"}`, "application/json", { role: Role.COMPLIANCE }],
  [`uid=ID1&role=member`, "application/x-www-form-urlencoded", { role: Role.MEMBER }],
])("%s names the value of an enum by its word", async (body, type, expected) => {
  const { url, asked } = await openStaffDoors({});

  const { status } = await put(url, body, type);

  expect(status).toBe(200);
  expect(asked).toMatchObject([expected]);
});

test("a number is no word in a form either", async () => {
  const { url, asked } = await openStaffDoors({});

  const answer = await put(url, "uid=ID1&state=3", "application/x-www-form-urlencoded");

  expect(answer).toEqual({ status: 422, body: { errors: ["admin.user.invalid_state"] } });
  expect(asked).toEqual([]);
});

test.each([
  [`{"uid":"ID1","state":"frozen"}`, 422, ["admin.user.invalid_state"]],
  [`{"uid":"ID1","state":"unspecified"}`, 422, ["admin.user.invalid_state"]],
  [`{"uid":"ID1","state":99}`, 422, ["admin.user.invalid_state"]],
  [`{"uid":"ID1","state":3}`, 422, ["admin.user.invalid_state"]],
  [`{"uid":"ID1","role":"2"}`, 422, ["admin.user.invalid_role"]],
  [`{"uid":"ID1","state":""}`, 400, ["admin.user.empty_state"]],
  [`{"uid":"ID1","otp":" "}`, 400, ["admin.user.empty_otp"]],
  [`{"uid":"ID1"}`, 422, ["admin.user.one_of_role_state_otp"]],
  [`{"uid":"ID1","otp":false,"role":"member"}`, 422, ["admin.user.one_of_role_state_otp"]],
  [`{"role":"pope"}`, 400, ["admin.user.missing_uid", "admin.user.empty_uid", "admin.user.invalid_role"]],
])("%s is refused with %i %j", async (body, status, codes) => {
  const { url, asked } = await openStaffDoors({});

  expect(await put(url, body)).toEqual({ status, body: { errors: codes } });
  expect(asked).toEqual([]);
});
