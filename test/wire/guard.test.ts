import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { StatusService } from "../../gen/barong/identity/v1/status_service_pb.js";
import { SendConfirmationRequestSchema, UserService } from "../../gen/barong/identity/v1/user_service_pb.js";
import { callSignal } from "../../src/platform/deadline.js";
import { Failure } from "../../src/platform/failure.js";
import { clientOf, connectTransport, grpcClient } from "./clients.js";
import { get, openTestDoors, post } from "./support.js";

test("limits are counted by address and by field, in one spelling, through every door", async () => {
  const { url, doors, buckets } = await openTestDoors();
  const method = UserService.method.sendConfirmation;

  await post(`${url}/api/v2/identity/users/email/generate_code`, { email: " Dana@Example.com " });
  await clientOf(UserService, connectTransport(url)).sendConfirmation({ email: "dana@example.com" });
  await grpcClient(doors.grpcPort).call(
    method,
    create(SendConfirmationRequestSchema, { email: "DANA@example.com" }),
  );

  const name = "barong.identity.v1.UserService.SendConfirmation";
  const each = [
    [name, "email+client", "dana@example.com", "127.0.0.1"],
    [name, "email", "dana@example.com"],
    [name, "client", "127.0.0.1"],
  ].map((bucket) => JSON.stringify(bucket));
  expect(buckets).toEqual([...each, ...each, ...each]);
});

test("who has reached a limit is told when to come back", async () => {
  const { url, doors, calls } = await openTestDoors({
    steps: {
      async spend() {
        throw new Failure(ErrorReason.TOO_MANY_REQUESTS, { retryAfterSeconds: 41.2 });
      },
    },
  });
  const method = UserService.method.sendConfirmation;

  const rest = await post(`${url}/api/v2/identity/users/email/generate_code`, { email: "a@b.c" });
  const rpc = await grpcClient(doors.grpcPort).call(
    method,
    create(SendConfirmationRequestSchema, { email: "a@b.c" }),
  );

  expect(rest).toMatchObject({ status: 429, body: { errors: ["server.too_many_requests"] } });
  expect(rest.headers.get("retry-after")).toBe("42");
  expect(rpc).toMatchObject({ code: 8, reasons: ["server.too_many_requests"] });
  expect(calls).toEqual([]);
});

test("the captcha is asked after the limits, with the answer under either name", async () => {
  const answers: unknown[] = [];
  const { url, buckets } = await openTestDoors({
    steps: {
      async verifyCaptcha(answer) {
        answers.push(answer);
        throw new Failure(ErrorReason.CAPTCHA_REQUIRED);
      },
    },
  });
  const users = `${url}/api/v2/identity/users`;
  const user = { email: "a@b.c", password: "x" };

  const refused = await post(users, user);
  await post(users, { ...user, recaptcha_response: "old" });
  await post(users, { ...user, recaptcha_response: "old", captcha_response: "new" });
  await post(users, { ...user, captcha_response: null, recaptcha_response: "old" });
  await post(users, { ...user, captcha_response: " ", recaptcha_response: "old" });

  expect(refused).toMatchObject({ status: 400, body: { errors: ["identity.captcha.required"] } });
  expect(answers).toEqual([undefined, "old", "new", "old", "old"]);
  expect(buckets).toHaveLength(5);
});

test("a refusal that cannot be recorded is answered all the same", async () => {
  const { url, lines } = await openTestDoors({
    steps: {
      async recordRefusal() {
        throw new Error("no room for records");
      },
    },
  });

  const answer = await post(`${url}/api/v2/identity/sessions`, { email: "a@b.c", password: "wrong" });

  expect(answer).toMatchObject({ status: 401, body: { errors: ["identity.session.invalid_params"] } });
  expect(lines.join()).toContain("no room for records");
});

test("a refusal is recorded under the name that the failure gives, outside the call's limits", async () => {
  const signals: unknown[] = [];
  const actions: string[] = [];
  const { url } = await openTestDoors({
    session: {
      async createSession() {
        throw new Failure(ErrorReason.OTP_INVALID, { about: { accountId: 7, action: "login::2fa" } });
      },
    },
    steps: {
      async recordRefusal({ action }) {
        actions.push(action);
        signals.push(callSignal());
      },
    },
  });

  await post(`${url}/api/v2/identity/sessions`, { email: "a@b.c", password: "x" });

  expect(actions).toEqual(["login::2fa"]);
  expect(signals).toEqual([undefined]);
});

test("a deadline reaches what the handler waits for, and the caller is told of it", async () => {
  const seen: boolean[] = [];
  const { url, doors, lines } = await openTestDoors({
    status: {
      async ping() {
        const signal = callSignal();
        await new Promise<void>((resolve) => {
          signal?.addEventListener("abort", () => resolve());
          setTimeout(resolve, 3000).unref();
        });
        seen.push(signal?.aborted === true);
        throw new Stopped();
      },
    },
  });
  const ping = StatusService.method.ping;

  const rest = await get(`${url}/api/v2/identity/ping`, { headers: { "grpc-timeout": "50m" } });
  const connect = await post(`${url}/${StatusService.typeName}/Ping`, {}, { "connect-timeout-ms": "50" });
  const rpc = await grpcClient(doors.grpcPort).call(ping, create(ping.input), { deadlineMs: 50 });
  await new Promise((resolve) => setTimeout(resolve, 50));

  expect(rest).toMatchObject({ status: 504, body: { errors: ["server.deadline_exceeded"] } });
  expect(connect.body).toMatchObject({ code: "deadline_exceeded" });
  expect(rpc.code).toBe(4);
  expect(seen).toEqual([true, true, true]);
  expect(lines.join()).not.toContain("unexpected failure");
});

class Stopped extends Error {}

test("what a dependency cannot do now answers 503 and when to try again", async () => {
  const { url } = await openTestDoors({
    translate: (error) =>
      error instanceof Stopped ? new Failure(ErrorReason.UNAVAILABLE, { cause: error }) : undefined,
    status: {
      async ping() {
        throw new Stopped();
      },
    },
  });

  const answer = await get(`${url}/api/v2/identity/ping`);

  expect(answer).toMatchObject({ status: 503, body: { errors: ["server.unavailable"] } });
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
});
