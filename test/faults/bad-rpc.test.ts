import { connect as connectTcp } from "node:net";
import { afterEach, beforeAll, expect, test } from "vitest";
import { describeEachDatabase } from "../support/databases.js";
import { frame, sendFrames } from "../support/grpc-frames.js";
import { pendingMember } from "../support/rest.js";
import { startedApp } from "../support/start-app.js";
import { recordingLogger, storedRows } from "./observed.js";

const SECRET = "Never2belogged";
const CREATE = "/barong.identity.v1.UserService/CreateUser";
const ME = "/barong.resource.v1.UserService/GetMe";
const [INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL, UNAUTHENTICATED] = [3, 8, 12, 13, 16];

/** The field `password`, as it lies in a message. */
const passwordField = Buffer.from(`\x12${String.fromCharCode(SECRET.length)}${SECRET}`);
const truncated = Buffer.concat([passwordField, Buffer.from([0x0a, 0x7f, 0x61])]);
const notUtf8 = Buffer.concat([passwordField, Buffer.from([0x0a, 0x02, 0xff, 0xfe])]);

type Row = readonly [is: string, path: string, body: Buffer, code: number, reasons: readonly string[]];

const malformed = ["request.malformed_body"];
const unauthenticated = ["jwt.decode_and_verify"];
const absent = ["email", "password"].flatMap((name) => [
  `identity.user.missing_${name}`,
  `identity.user.empty_${name}`,
]);

const table: readonly Row[] = [
  ["a message cut in a field", CREATE, frame(truncated), INVALID_ARGUMENT, malformed],
  ["text that is not UTF-8", CREATE, frame(notUtf8), INVALID_ARGUMENT, malformed],
  ["an empty message", CREATE, frame(Buffer.alloc(0)), INVALID_ARGUMENT, absent],
  ["fields that nobody knows", CREATE, frame(Buffer.from("fa0f03616263", "hex")), INVALID_ARGUMENT, absent],
  ["a frame cut in its message", CREATE, frame(passwordField, { length: 100 }), UNIMPLEMENTED, []],
  ["a frame cut in its head", CREATE, Buffer.from([0, 0]), UNIMPLEMENTED, []],
  ["no frame at all", CREATE, Buffer.alloc(0), UNIMPLEMENTED, []],
  ["two messages", CREATE, Buffer.concat([frame(passwordField), frame(passwordField)]), UNIMPLEMENTED, []],
  [
    "a frame of four gigabytes",
    CREATE,
    frame(passwordField, { length: 2 ** 32 - 1 }),
    RESOURCE_EXHAUSTED,
    ["request.body_too_large"],
  ],
  [
    "more than a mebibyte",
    CREATE,
    frame(Buffer.alloc(2 ** 20 + 1, "x")),
    RESOURCE_EXHAUSTED,
    ["request.body_too_large"],
  ],
  ["an unknown method", `${CREATE}s`, frame(passwordField), UNIMPLEMENTED, []],
  ["a stranger's malformed message", ME, frame(truncated), UNAUTHENTICATED, unauthenticated],
  ["a stranger's garbage", ME, frame(Buffer.alloc(64, 0xff)), UNAUTHENTICATED, unauthenticated],
];

describeEachDatabase("bad input over gRPC and Connect", (database) => {
  const { logger, lines } = recordingLogger();
  const app = startedApp(database, { logger });
  let before: Record<string, number>;

  beforeAll(async () => {
    await pendingMember(app);
    await app.mails();
    before = await storedRows(app.database);
  });

  afterEach(async () => {
    const alive = await sendFrames(
      app.grpc,
      "/barong.identity.v1.StatusService/Ping",
      frame(Buffer.alloc(0)),
    );
    expect(alive).toMatchObject({ status: 200, code: 0 });
    expect(await storedRows(app.database)).toEqual(before);
    expect(lines.join("")).not.toContain(SECRET);
    expect(lines.join("")).not.toMatch(/"level":[56]0/);
  });

  test.each(table)("%s over gRPC is refused and harms nobody", async (_is, path, body, code, reasons) => {
    expect(await sendFrames(app.grpc, path, body)).toEqual({ status: 200, code, reasons });
  });

  test("a frame that is said to be compressed but is not is refused", async () => {
    const body = frame(passwordField, { flags: 1 });

    const answer = await sendFrames(app.grpc, CREATE, body, { "grpc-encoding": "gzip" });

    expect(answer).toEqual({ status: 200, code: INTERNAL, reasons: [] });
  });

  test.each(["application/json", "text/plain", "application/x-www-form-urlencoded"])(
    "the content type %s is refused by the gRPC port",
    async (type) => {
      const answer = await sendFrames(app.grpc, CREATE, frame(passwordField), { "content-type": type });

      expect(answer.status).toBe(415);
    },
  );

  test.each([
    "HELLO\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nxxxxxxxxx",
  ])("what is no HTTP/2 is hung up on: %j", async (text) => {
    const [host = "", port] = app.grpc.split(":");
    const socket = connectTcp(Number(port), host);
    socket.resume().write(text);

    await new Promise((resolve) => socket.once("close", resolve).once("error", () => undefined));
  });

  test.each([
    ["half an object", `{"password":"${SECRET}"`],
    ["an object with a slip", `{"password":"${SECRET}" "email":1}`],
    ["a list for text", `{"email":["a@example.com"],"password":"${SECRET}"}`],
    ["a key twice", `{"email":"a@example.com","email":"b@example.com","password":"${SECRET}"}`],
    ["a list 10,000 deep", `{"captchaResponse":${"[".repeat(10_000)}${"]".repeat(10_000)}}`],
    ["a prototype", `{"__proto__":{"email":"a@example.com"},"password":"${SECRET}"}`],
  ])("%s over Connect is an invalid argument", async (_is, body) => {
    const response = await fetch(`${app.http}${CREATE}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "invalid_argument", message: expect.any(String) });
  });
});
