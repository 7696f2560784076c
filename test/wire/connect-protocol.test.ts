import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { SessionService } from "../../gen/barong/identity/v1/session_service_pb.js";
import { StatusService } from "../../gen/barong/identity/v1/status_service_pb.js";
import { frame } from "../support/grpc-frames.js";
import { openTestDoors } from "./support.js";

const EMPTY = Buffer.alloc(0);
const malformed = "request.malformed_body";

/** Posts to a method and returns status, code and all that is said in the response. */
async function call(url: string, type: string, body: Buffer, headers: Record<string, string> = {}) {
  const response = await fetch(url, { method: "POST", headers: { "content-type": type, ...headers }, body });
  const text = Buffer.from(await response.arrayBuffer()).toString("latin1");
  const grpcStatus = response.headers.get("grpc-status") ?? /grpc-status: ?(\d+)/.exec(text)?.[1];
  const details =
    /"value": ?"([\w+/=]+)"/.exec(text)?.[1] ?? /details-bin: ?([\w+/=]+)/.exec(text)?.[1] ?? "";
  const said = text.replaceAll("%20", " ") + Buffer.from(details, "base64").toString("latin1");
  return { status: response.status, grpcStatus, said, header: response.headers };
}

const WEB = "application/grpc-web+proto";

test.each<[is: string, body: Buffer, headers: Record<string, string>, status: string, said: string]>([
  ["no frame at all", EMPTY, {}, "12", "missing input message"],
  ["only the end of a stream", frame(EMPTY, { flags: 0x80 }), {}, "12", "missing input message"],
  ["two messages", Buffer.concat([frame(EMPTY), frame(EMPTY)]), {}, "12", "extra input message"],
  ["a frame cut in its message", frame(Buffer.from("x"), { length: 9 }), {}, "3", malformed],
  ["a frame cut in its head", Buffer.from([0, 0]), {}, "3", malformed],
  ["a frame of four gigabytes", frame(EMPTY, { length: 2 ** 32 - 1 }), {}, "8", "request.body_too_large"],
  ["a compressed frame without an encoding", frame(EMPTY, { flags: 1 }), {}, "13", "compressed"],
  ["a false compression", frame(Buffer.from("x"), { flags: 1 }), { "grpc-encoding": "gzip" }, "3", malformed],
  ["an unknown compression", frame(EMPTY), { "grpc-encoding": "zstd" }, "12", "unknown compression"],
  ["a time limit that is no time", frame(EMPTY), { "grpc-timeout": "soon" }, "3", "request.malformed"],
])("over gRPC-Web %s is refused", async (_is, body, headers, status, said) => {
  const { url } = await openTestDoors();

  const answer = await call(`${url}/${StatusService.typeName}/Ping`, WEB, body, headers);

  expect(answer).toMatchObject({ status: 200, grpcStatus: status, said: expect.stringContaining(said) });
});

test.each<[is: string, type: string, body: Buffer, headers: Record<string, string>, said: string]>([
  ["no JSON at all", "application/json", EMPTY, {}, malformed],
  ["a false compression", "application/json", Buffer.from("{}"), { "content-encoding": "gzip" }, malformed],
  [
    "half a compression",
    "application/json",
    gzipSync("{}").subarray(0, 12),
    { "content-encoding": "gzip" },
    malformed,
  ],
  [
    "an unknown compression",
    "application/json",
    Buffer.from("{}"),
    { "content-encoding": "zstd" },
    "unknown compression",
  ],
  [
    "a time limit that is no time",
    "application/json",
    Buffer.from("{}"),
    { "connect-timeout-ms": "soon" },
    "request.malformed",
  ],
])("over Connect %s is refused", async (_is, type, body, headers, said) => {
  const { url } = await openTestDoors();

  const answer = await call(`${url}/${StatusService.typeName}/Ping`, type, body, headers);

  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.said).toContain(said);
});

test.each<[type: string, encoding: string, wrap: (bytes: Buffer) => Buffer]>([
  ["application/json", "content-encoding", (bytes) => gzipSync(bytes)],
  ["application/grpc-web+json", "grpc-encoding", (bytes) => frame(gzipSync(bytes), { flags: 1 })],
])(
  "compressed requests of %s are read, and what follows the message ends them",
  async (type, encoding, wrap) => {
    const { url } = await openTestDoors();
    const good = Buffer.from('{"email":"a@example.com","password":"right","unknown":1}');
    const end = type.includes("web") ? frame(EMPTY, { flags: 0x80 }) : EMPTY;
    const body = Buffer.concat([wrap(good), end]);

    const answer = await call(`${url}/${SessionService.typeName}/CreateSession`, type, body, {
      [encoding]: "gzip",
    });

    expect(answer).toMatchObject({ status: 200, said: expect.stringContaining("a@example.com") });
  },
);

test("responses are compressed for those who accept it", async () => {
  const { url } = await openTestDoors({
    status: { ping: async () => ({ ping: "pong".repeat(1000) }) },
  });

  const headers = { "accept-encoding": "gzip" };
  const answer = await call(
    `${url}/${StatusService.typeName}/Ping`,
    "application/json",
    Buffer.from("{}"),
    headers,
  );

  expect(answer.header.get("content-encoding")).toBe("gzip");
  expect(answer.said).toContain("pongpong");
});

test.each([
  ["application/json", Buffer.from("{}"), "connect-timeout-ms", "30", "deadline_exceeded"],
  [WEB, frame(EMPTY), "grpc-timeout", "30m", "grpc-status: 4"],
])("a call of %s ends when its time is over", async (type, body, header, value, said) => {
  const { url } = await openTestDoors({
    status: {
      ping: (_request, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    },
  });

  const answer = await call(`${url}/${StatusService.typeName}/Ping`, type, body, { [header]: value });

  expect(answer.said).toContain(said);
});
