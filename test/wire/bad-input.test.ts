import { connect as connectHttp2, constants } from "node:http2";
import { connect as connectTcp } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import {
  CreateSessionRequestSchema,
  SessionService,
} from "../../gen/barong/identity/v1/session_service_pb.js";
import { StatusService } from "../../gen/barong/identity/v1/status_service_pb.js";
import { grpcClient, pathOf } from "./clients.js";
import { get, openTestDoors, post } from "./support.js";

const session = { email: "dana@example.com", password: "right" };

test("missing, blank and malformed parameters are told apart by their codes", async () => {
  const { url } = await openTestDoors();
  const users = `${url}/api/v2/identity/users`;

  const absent = await post(users, {});
  const blank = await post(users, { email: "  ", password: null });
  const mixed = await post(users, { email: "a@b.c", refid: "nonsense" });
  const wrong = await post(users, { email: "a@b.c", password: "x", refid: "nonsense", lang: "l".repeat(36) });
  const reset = await post(`${users}/password/confirm_code`, { password: "x", confirm_password: "x" });

  const [email, password] = ["email", "password"].map((name) => [
    `identity.user.missing_${name}`,
    `identity.user.empty_${name}`,
  ]);
  expect(absent).toMatchObject({ status: 400, body: { errors: [...(email ?? []), ...(password ?? [])] } });
  expect(blank).toMatchObject({
    status: 400,
    body: { errors: ["identity.user.empty_email", "identity.user.empty_password"] },
  });
  expect(mixed).toMatchObject({
    status: 400,
    body: { errors: [...(password ?? []), "identity.user.invalid_referral_format"] },
  });
  expect(wrong).toMatchObject({
    status: 422,
    body: { errors: ["identity.user.invalid_referral_format", "identity.user.invalid_lang"] },
  });
  expect(reset.body).toEqual({
    errors: ["identity.user.missing_pass_token", "identity.user.empty_reset_password_token"],
  });
});

test("values of a wrong type, and texts too long, are invalid parameters and nothing else", async () => {
  const { url } = await openTestDoors();
  const sessions = `${url}/api/v2/identity/sessions`;
  const invalid = { status: 422, body: { errors: ["identity.session.invalid_email"] } };

  expect(await post(sessions, { ...session, email: ["a"] })).toMatchObject(invalid);
  expect(await post(sessions, { ...session, email: { a: 1 } })).toMatchObject(invalid);
  expect(await post(sessions, { ...session, email: "e".repeat(60_000) })).toMatchObject(invalid);
  expect(await post(sessions, { email: [], password: "" })).toMatchObject({
    status: 400,
    body: { errors: ["identity.session.invalid_email", "identity.session.empty_password"] },
  });
});

test("bodies that cannot be read are refused for what they are", async () => {
  const { url } = await openTestDoors();
  const sessions = `${url}/api/v2/identity/sessions`;
  const deep = `{"captcha_response":${"[".repeat(30_000)}${"]".repeat(30_000)}}`;
  const malformed = { status: 400, body: { errors: ["request.malformed_body"] } };

  expect(await post(sessions, "{not json")).toMatchObject(malformed);
  expect(await post(sessions, deep)).toMatchObject(malformed);
  expect(await post(sessions, { ...session, email: "e".repeat(1024 * 1024) })).toMatchObject({
    status: 413,
    body: { errors: ["request.body_too_large"] },
  });
  expect(await post(sessions, "hello", { "content-type": "text/plain" })).toMatchObject({
    status: 415,
    body: { errors: ["request.unsupported_media_type"] },
  });
  const notUtf8 = await fetch(sessions, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
  });
  expect([notUtf8.status, await notUtf8.json()]).toEqual([400, malformed.body]);
});

test("malformed percent escapes in path and query are refused", async () => {
  const { url } = await openTestDoors();
  const malformed = { status: 400, body: { errors: ["request.malformed_url"] } };

  expect(await get(`${url}/api/v2/identity/%zz`)).toMatchObject(malformed);
  expect(await get(`${url}/%`)).toMatchObject(malformed);
  expect(await get(`${url}/barong.identity.v1.StatusService/%`)).toMatchObject(malformed);
});

test("what is no HTTP, and headers without end, are answered in the same form", async () => {
  const { doors } = await openTestDoors();

  const nonsense = await sendRaw(doors.httpPort, "HELLO\r\n\r\n");
  const overflow = await sendRaw(
    doors.httpPort,
    `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(40_000)}\r\n\r\n`,
  );

  expect(nonsense).toMatch(/^HTTP\/1.1 400 /);
  expect(nonsense).toContain('{"errors":[');
  expect(overflow).toMatch(/^HTTP\/1.1 431 /);
  expect(overflow).toContain('{"errors":[');
});

test("Connect refuses unreadable and oversized bodies without falling over", async () => {
  const { url } = await openTestDoors();
  const create = `${url}/${SessionService.typeName}/CreateSession`;

  expect(await post(create, "{not json")).toMatchObject({ status: 400, body: { code: "invalid_argument" } });
  expect(await post(create, { email: "e".repeat(1024 * 1024) })).toMatchObject({
    status: 429,
    body: { code: "resource_exhausted" },
  });
  expect(
    (await post(create, "x", { "content-type": "application/xml" }).catch(() => ({ status: 415 }))).status,
  ).toBe(415);
  expect((await get(`${url}/api/v2/identity/ping`)).status).toBe(200);
});

test("malformed messages over gRPC are invalid arguments", async () => {
  const { doors } = await openTestDoors();
  const client = grpcClient(doors.grpcPort);
  const method = SessionService.method.createSession;
  const request = create(CreateSessionRequestSchema);
  const malformed = { code: 3, reasons: ["request.malformed_body"] };

  const truncated = await client.call(method, request, { bytes: Uint8Array.of(0x0a, 0x7f, 0x61) });
  const notUtf8 = await client.call(method, request, { bytes: Uint8Array.of(0x0a, 0x02, 0xff, 0xfe) });
  const deep = await client.call(method, request, { bytes: nestedValue(5_000) });
  const huge = await client.call(method, request, { bytes: new Uint8Array(1024 * 1024 + 1) });

  expect(truncated).toMatchObject(malformed);
  expect(notUtf8).toMatchObject(malformed);
  expect(deep).toMatchObject(malformed);
  expect(huge).toMatchObject({ code: 8 });
});

test("a gRPC frame that ends too early is refused, and the connection stays of use", async () => {
  const { doors } = await openTestDoors();
  const session = connectHttp2(`http://127.0.0.1:${doors.grpcPort}`);

  const truncated = await rawGrpc(session, Buffer.from([0, 0, 0, 0, 99, 1, 2, 3]));
  const lying = await rawGrpc(session, Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 1]));
  const proper = await rawGrpc(session, Buffer.from([0, 0, 0, 0, 0]));
  session.close();

  expect(truncated).not.toBe("0");
  expect(lying).toBe("8");
  expect(proper).toBe("0");
});

test("a client that leaves in the middle of its request is no failure of ours", async () => {
  const { doors, url, lines } = await openTestDoors();
  const socket = connectTcp(doors.httpPort, "127.0.0.1");
  socket.write(
    "POST /api/v2/identity/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));

  expect((await get(`${url}/api/v2/identity/ping`)).status).toBe(200);
  expect(lines.filter((line) => line.includes("unexpected failure"))).toEqual([]);
});

function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(port, "127.0.0.1");
    let answer = "";
    socket.setEncoding("utf8");
    socket.on("data", (piece) => {
      answer += piece;
    });
    socket.once("error", (error) => (answer === "" ? reject(error) : resolve(answer)));
    socket.once("close", () => resolve(answer));
    socket.write(text);
  });
}

/** Answers the grpc-status of a call with this body. */
function rawGrpc(session: ReturnType<typeof connectHttp2>, body: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: "POST",
      [constants.HTTP2_HEADER_PATH]: pathOf(StatusService.method.ping),
      "content-type": "application/grpc",
      te: "trailers",
    });
    let status = "none";
    const note = (headers: Record<string, unknown>) => {
      if (headers["grpc-status"] !== undefined) status = String(headers["grpc-status"]);
    };
    stream.on("response", note);
    stream.on("trailers", note);
    stream.on("error", () => {});
    stream.on("close", () => resolve(status));
    stream.resume();
    stream.end(body);
  });
}

/** A captcha answer of lists in lists. */
function nestedValue(depth: number): Uint8Array {
  let bytes = toBinary(ValueSchema, create(ValueSchema, { kind: { case: "boolValue", value: true } }));
  for (let level = 0; level < depth; level++) {
    const list = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(bytes).finish();
    bytes = new BinaryWriter().tag(6, WireType.LengthDelimited).bytes(list).finish();
  }
  return new BinaryWriter().tag(3, WireType.LengthDelimited).bytes(bytes).finish();
}
