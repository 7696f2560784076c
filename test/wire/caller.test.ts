import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import {
  ChangePasswordRequestSchema,
  GetMeRequestSchema,
  ListActivitiesRequestSchema,
  UserService,
} from "../../gen/barong/resource/v1/user_service_pb.js";
import { Failure } from "../../src/platform/failure.js";
import type { Identified } from "../../src/wire/steps/caller.js";
import { reasonsOf } from "../support/rpc.js";
import { clientOf, connectTransport, grpcClient } from "./clients.js";
import { dana, get, openTestDoors } from "./support.js";

const PASSWORDS = { oldPassword: "one", newPassword: "two", confirmPassword: "two" };

const identified = (also: Partial<Identified> & { readonly apiKeyId?: number } = {}): Identified => {
  const { apiKeyId, ...rest } = also;
  const { uid, email, role, level, otp } = dana;
  const person = { kind: "bearer", accountId: 7, uid, email, role, level, otp } as const;
  return { caller: { ...person, ...(apiKeyId !== undefined && { apiKeyId }) }, ...rest };
};

test("a method for people refuses whoever has an API key behind him, through every door, and uses nothing of his up", async () => {
  let used = 0;
  const { url, doors, calls } = await openTestDoors({
    steps: {
      identify: async () =>
        identified({
          apiKeyId: 3,
          async useUp() {
            used += 1;
          },
        }),
    },
  });

  const overRest = await get(`${url}/api/v2/resource/users/password`, { method: "PUT", body: "no JSON" });
  const overConnect = await reasonsOf(clientOf(UserService, connectTransport(url)).changePassword(PASSWORDS));
  const overGrpc = await grpcClient(doors.grpcPort).call(
    UserService.method.changePassword,
    create(ChangePasswordRequestSchema, PASSWORDS),
  );

  expect(overRest).toMatchObject({ status: 403, body: { errors: ["authz.apikey_not_allowed"] } });
  expect(overConnect).toEqual(["authz.apikey_not_allowed"]);
  expect(overGrpc).toMatchObject({ code: 7, reasons: ["authz.apikey_not_allowed"] });
  expect([used, calls]).toEqual([0, []]);
});

test("the same caller reads himself, and people change their passwords", async () => {
  const keys = await openTestDoors({ steps: { identify: async () => identified({ apiKeyId: 3 }) } });
  const people = await openTestDoors({ steps: { identify: async () => identified() } });

  expect((await get(`${keys.url}/api/v2/resource/users/me`)).status).toBe(200);
  await expect(
    clientOf(UserService, connectTransport(people.url)).changePassword(PASSWORDS),
  ).resolves.toBeDefined();
});

test("a request is used up before its body is read, and is not answered where another was first", async () => {
  const steps: string[] = [];
  const { doors, calls } = await openTestDoors({
    steps: {
      identify: async () =>
        identified({
          async useUp() {
            steps.push("used up");
            throw new Failure(ErrorReason.NONCE_REUSED);
          },
        }),
    },
  });

  const answer = await grpcClient(doors.grpcPort).call(UserService.method.getMe, create(GetMeRequestSchema));

  expect(answer).toMatchObject({ reasons: ["authz.nonce_reused"] });
  expect([steps, calls]).toEqual([["used up"], []]);
});

test("what a caller asks for can be read to tell whether he may, once for him and the handler", async () => {
  const topics: unknown[] = [];
  const { url, doors } = await openTestDoors({
    steps: {
      async identify(_call, read) {
        const [first, second] = [await read(), await read()];
        topics.push(Reflect.get(first, "topic"), first === second);
        return identified();
      },
    },
  });

  await clientOf(UserService, connectTransport(url)).listActivities({ topic: "all" });
  await grpcClient(doors.grpcPort).call(
    UserService.method.listActivities,
    create(ListActivitiesRequestSchema, { topic: "otp" }),
  );

  expect(topics).toEqual(["all", true, "otp", true]);
});
