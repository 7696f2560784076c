import { gzipSync } from "node:zlib";
import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { errorFromJsonBytes } from "@connectrpc/connect/protocol-connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { trailerParse } from "@connectrpc/connect/protocol-grpc-web";
import { expect, test } from "vitest";
import { SessionService } from "../../gen/barong/identity/v1/session_service_pb.js";
import { StatusService } from "../../gen/barong/identity/v1/status_service_pb.js";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { openTestDoors } from "./support.js";

const BROKEN = Buffer.from([0x0a, 0x7f, 0x61]);
const HUGE = Buffer.alloc(1_200_000, 1);

const frame = (message: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
};

const reasonsOf = (error: ConnectError | undefined): string[] =>
  (error?.details ?? []).flatMap((detail) =>
    "type" in detail && detail.type === ErrorInfoSchema.typeName
      ? [fromBinary(ErrorInfoSchema, detail.value).reason]
      : [],
  );

/** The failure in an answer of Connect or gRPC-Web, as a client reads it. */
async function failureOf(answer: Response): Promise<{ code: Code | undefined; reasons: string[] }> {
  const bytes = Buffer.from(await answer.arrayBuffer());
  const isWeb = answer.headers.get("content-type")?.startsWith("application/grpc-web");
  const error = isWeb
    ? findTrailerError(trailerParse(bytes.subarray(5)))
    : errorFromJsonBytes(bytes, undefined, new ConnectError("none", Code.Unknown));
  return { code: error?.code, reasons: reasonsOf(error) };
}

const sending = (url: string, type: string, body: Buffer | string) =>
  fetch(`${url}/${SessionService.typeName}/CreateSession`, {
    method: "POST",
    headers: { "content-type": type },
    body,
  });

test("what cannot be read is refused with the same reason over Connect and gRPC-Web, and the server goes on", async () => {
  const { url } = await openTestDoors();
  const unreadable: readonly (readonly [string, Buffer | string])[] = [
    ["application/proto", BROKEN],
    ["application/json", '{"email":'],
    ["application/grpc-web+proto", frame(BROKEN)],
  ];
  const tooLarge: readonly (readonly [string, Buffer | string])[] = [
    ["application/proto", HUGE],
    ["application/json", JSON.stringify({ email: "x".repeat(1_200_000) })],
    ["application/grpc-web+proto", frame(HUGE)],
  ];

  for (const [type, body] of unreadable) {
    const failure = await failureOf(await sending(url, type, body));
    expect([type, failure]).toEqual([
      type,
      { code: Code.InvalidArgument, reasons: ["request.malformed_body"] },
    ]);
  }
  for (const [type, body] of tooLarge) {
    const failure = await failureOf(await sending(url, type, body));
    expect([type, failure]).toEqual([
      type,
      { code: Code.ResourceExhausted, reasons: ["request.body_too_large"] },
    ]);
  }
  expect((await fetch(`${url}/api/v2/identity/ping`)).status).toBe(200);
});

test("a method of Connect names POST to those who try another way", async () => {
  const { url } = await openTestDoors();

  const answer = await fetch(`${url}/${StatusService.typeName}/Ping`);

  expect(answer.status).toBe(405);
  expect(answer.headers.get("allow")).toBe("POST");
});

test("a deadline further away than timers can count is no deadline in the past", async () => {
  const { url } = await openTestDoors();
  const ping = `${url}/${StatusService.typeName}/Ping`;

  for (const timeout of ["600H", "1200H", "99999999H"]) {
    const answer = await fetch(`${url}/api/v2/identity/ping`, { headers: { "grpc-timeout": timeout } });
    expect(answer.status).toBe(200);
  }
  const headers = { "content-type": "application/json", "connect-timeout-ms": "9999999999" };
  expect((await fetch(ping, { method: "POST", headers, body: "{}" })).status).toBe(200);
});

test("a form that is not compressed as it says is malformed", async () => {
  const { url } = await openTestDoors();
  const send = (body: Buffer) =>
    fetch(`${url}/api/v2/identity/sessions`, {
      method: "POST",
      headers: { "content-type": "multipart/form-data; boundary=x", "content-encoding": "gzip" },
      body,
    });

  const broken = await send(Buffer.from("garbage"));
  const cut = await send(gzipSync("--x\r\n").subarray(0, 12));

  for (const answer of [broken, cut]) {
    expect([answer.status, await answer.json()]).toEqual([400, { errors: ["request.malformed_body"] }]);
  }
});

test("every method that HTTP knows is answered in our form", async () => {
  const { url } = await openTestDoors();

  for (const method of ["QUERY", "PROPFIND", "REPORT", "PURGE"]) {
    const answer = await fetch(`${url}/api/v2/identity/ping`, { method });
    expect([400, 405]).toContain(answer.status);
    expect(await answer.json()).toHaveProperty("errors");
  }
});
