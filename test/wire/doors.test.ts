import { create } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import {
  CreateSessionRequestSchema,
  SessionService,
} from "../../gen/barong/identity/v1/session_service_pb.js";
import { StatusService } from "../../gen/barong/identity/v1/status_service_pb.js";
import { UserService as OwnAccountService } from "../../gen/barong/resource/v1/user_service_pb.js";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { clientOf, connectTransport, grpcClient, grpcWebTransport } from "./clients.js";
import { dana, get, openTestDoors, post } from "./support.js";

type Opened = Awaited<ReturnType<typeof openTestDoors>>;
type SignIn = { email?: string; password?: string };

interface Outcome {
  readonly email?: string | undefined;
  readonly reasons: readonly string[];
  readonly cookies: readonly string[];
}

/** Signs in through one door and tells what came of it, in the same words for each. */
const doors: Record<string, (opened: Opened, request: SignIn) => Promise<Outcome>> = {
  async rest({ url }, request) {
    const { body, headers } = await post(`${url}/api/v2/identity/sessions`, request);
    const { email, errors = [] } = body as { email?: string; errors?: string[] };
    return { email, reasons: errors, cookies: headers.getSetCookie() };
  },
  connect: ({ url }, request) => signInBy(connectTransport(url), request),
  "grpc-web": ({ url }, request) => signInBy(grpcWebTransport(url), request),
  async grpc({ doors: { grpcPort } }, request) {
    const client = grpcClient(grpcPort);
    const method = SessionService.method.createSession;
    const answer = await client.call(method, create(CreateSessionRequestSchema, request));
    const email = (answer.message as { user?: { email: string } } | undefined)?.user?.email;
    return { email, reasons: answer.reasons, cookies: answer.header.get("set-cookie").map(String) };
  },
};

async function signInBy(transport: ReturnType<typeof connectTransport>, request: SignIn): Promise<Outcome> {
  let cookies: string[] = [];
  try {
    const onHeader = (headers: Headers) => {
      cookies = headers.getSetCookie();
    };
    const { user } = await clientOf(SessionService, transport).createSession(request, { onHeader });
    return { email: user?.email, reasons: [], cookies };
  } catch (error) {
    return {
      reasons: ConnectError.from(error)
        .findDetails(ErrorInfoSchema)
        .map(({ reason }) => reason),
      cookies,
    };
  }
}

describe.each(Object.entries(doors))("the door %s", (_name, signIn) => {
  test("answers what the handler answers, with every cookie it sets", async () => {
    const opened = await openTestDoors();

    const outcome = await signIn(opened, { email: dana.email, password: "right" });

    expect(outcome).toEqual({
      email: dana.email,
      reasons: [],
      cookies: ["_barong_session=abc; HttpOnly; Path=/", "other=1; Path=/"],
    });
  });

  test("gives a refusal by its reason and puts it into the activity log", async () => {
    const opened = await openTestDoors();

    const { reasons } = await signIn(opened, { email: dana.email, password: "wrong" });

    expect(reasons).toEqual(["identity.session.invalid_params"]);
    expect(opened.refusals).toEqual([
      {
        about: { accountId: 7 },
        sentence: "Invalid Email or Password",
        audit: { topic: "session", action: "login", ip: "127.0.0.1", userAgent: expect.any(String) },
      },
    ]);
  });

  test("lists every missing and empty field in the order of the schema and does not reach the handler", async () => {
    const opened = await openTestDoors();

    const absent = await signIn(opened, {});
    const blank = await signIn(opened, { email: "", password: "" });

    expect(absent.reasons).toEqual(["identity.session.missing_email", "identity.session.missing_password"]);
    expect(blank.reasons).toEqual(["identity.session.empty_email", "identity.session.empty_password"]);
    expect(opened.calls).toEqual([]);
  });

  test("hides what went wrong inside and logs it once with its stack", async () => {
    const opened = await openTestDoors({
      session: {
        async createSession() {
          throw new Error("the secret table is on fire");
        },
      },
    });

    const { reasons } = await signIn(opened, { email: dana.email, password: "hunter2hunter2" });

    expect(reasons).toEqual(["server.internal_error"]);
    const told = opened.lines.filter((line) => line.includes("on fire"));
    expect(told).toHaveLength(1);
    expect(told.join()).toContain("doors.test.ts");
    expect(opened.lines.join()).not.toContain("hunter2");
  });
});

test("a caller is asked for before the request is looked at", async () => {
  const { url, doors } = await openTestDoors();
  const rest = await get(`${url}/api/v2/resource/users/me`);
  const answer = await grpcClient(doors.grpcPort).call(
    OwnAccountService.method.getMe,
    create(OwnAccountService.method.getMe.input),
    { bytes: Uint8Array.of(0xff, 0xff) },
  );

  expect(rest).toMatchObject({ status: 401, body: { errors: ["jwt.decode_and_verify"] } });
  expect(answer).toMatchObject({ code: 16, reasons: ["jwt.decode_and_verify"] });
});

test("the identified caller reaches the handler", async () => {
  const { url } = await openTestDoors();

  const { status, body } = await get(`${url}/api/v2/resource/users/me`, {
    headers: { authorization: "Bearer good" },
  });

  expect(status).toBe(200);
  expect(body).toEqual({ ...dana, state: "active" });
});

test("a success without anything to tell answers its status, and 204 nothing", async () => {
  const { url } = await openTestDoors();

  const created = await post(`${url}/api/v2/identity/users`, { email: "a@b.c", password: "x" });
  const deleted = await get(`${url}/api/v2/identity/sessions`, { method: "DELETE" });
  const time = await get(`${url}/api/v2//identity/time/`);

  expect(created).toMatchObject({ status: 201, body: 201 });
  expect(deleted).toMatchObject({ status: 204, body: "" });
  expect(time).toMatchObject({ status: 200, body: { time: 1551177848 } });
});

test("unknown routes and wrong verbs have their own forms", async () => {
  const { url } = await openTestDoors();

  const unknown = await get(`${url}/api/v2/identity/nothing`);
  const outside = await get(`${url}/somewhere`);
  const wrongVerb = await get(`${url}/api/v2/identity/users`);

  expect(unknown).toMatchObject({ status: 404, body: { error: "Route is not found" } });
  expect(outside).toMatchObject({ status: 404, body: { error: "Route is not found" } });
  expect(wrongVerb).toMatchObject({ status: 405, body: { errors: ["request.method_not_allowed"] } });
  expect(wrongVerb.headers.get("allow")).toContain("POST");
});

test("no method can be called by a GET over Connect", async () => {
  const { url } = await openTestDoors();

  const { status } = await fetch(`${url}/${StatusService.typeName}/Ping?encoding=json&message=%7B%7D`);

  expect(status).toBe(405);
});
