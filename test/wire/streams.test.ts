import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { DescMethodServerStreaming } from "@bufbuild/protobuf";
import { fromBinary, fromJson, type Message, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { Access } from "../../gen/barong/options/v1/options_pb.js";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import type { Call, Handlers } from "../../src/platform/call.js";
import { callSignal } from "../../src/platform/deadline.js";
import { Failure } from "../../src/platform/failure.js";
import { serve } from "../../src/wire/services.js";
import { connectTransport, grpcClient, pathOf } from "./clients.js";
import { everything, serviceOf } from "./schema.js";
import { openTestDoors } from "./support.js";

const service = serviceOf({
  rules: { access: Access.PUBLIC },
  methods: [{ name: "Count", get: "/count/{text}", streaming: "server" }],
});
const [count] = service.methods as readonly DescMethodServerStreaming[];

let stopped = 0;

/** Counts up to the text's length, then fails if the text begins with "f"; endless for "endless", and at length for "flood". */
async function* counting(request: Message, _call: Call) {
  const { text } = request as Message & { text: string };
  try {
    for (let number = 1; ["endless", "flood"].includes(text) || number <= text.length; number++) {
      yield fromJson(everything, { text: text === "flood" ? "0".repeat(100_000) : String(number) });
      if (text !== "flood") await sleep(text === "endless" ? 20 : 0, undefined, { signal: callSignal() });
    }
    if (text.startsWith("f")) throw new Failure(ErrorReason.OVERLOADED);
  } finally {
    stopped += 1;
  }
}

const openCounting = (settings = {}) =>
  openTestDoors({
    settings,
    services: [serve(service, { count: counting } as unknown as Handlers<typeof service>)],
  });

test("a stream answers its messages and its failure over REST, Connect and gRPC", async () => {
  const { url, doors } = await openCounting();

  const rest = await (await fetch(`${url}/count/fox`)).text();
  const connect = await countByConnect(url, "fox");
  const rpc = await countByGrpc(doors.grpcPort, "fox");

  const lines = rest
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.map((line) => line.text ?? line.errors)).toEqual(["1", "2", "3", ["server.overloaded"]]);
  expect(connect).toEqual({ texts: ["1", "2", "3"], reasons: ["server.overloaded"] });
  expect(rpc).toEqual({ texts: ["1", "2", "3"], code: 14 });
});

test("a stream that nobody reads any more is stopped", async () => {
  const { url, doors } = await openCounting();
  stopped = 0;
  const left = new AbortController();
  const response = await fetch(`${url}/count/endless`, { signal: left.signal });
  await response.body?.getReader().read();
  left.abort();
  await countByGrpc(doors.grpcPort, "endless", 3);
  await sleep(200);

  expect(stopped).toBe(2);
});

test("a stream ends when a reader who had stopped reading hangs up", async () => {
  const { url } = await openCounting();
  stopped = 0;
  const readers = [await stalled(url, "/count/flood"), await stalled(url, "connect")];
  await sleep(300);
  expect(stopped).toBe(0);

  for (const reader of readers) reader.resetAndDestroy();

  await expect.poll(() => stopped).toBe(2);
});

test("a stream ends when its reader leaves a message untaken for too long", async () => {
  const { url, doors } = await openCounting({ slowReaderMs: 300 });
  stopped = 0;
  const readers = [await stalled(url, "/count/flood"), await stalled(url, "connect")];
  const session = stalledByGrpc(doors.grpcPort);

  await expect.poll(() => stopped, { timeout: 5000 }).toBe(3);
  for (const reader of [...readers, session]) reader.destroy();
});

/** Asks for a stream without end, and reads none of it; clients of gRPC read ahead for whoever does not. */
function stalledByGrpc(port: number) {
  if (!count) throw new Error("no method");
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const request = session.request({
    ":method": "POST",
    ":path": pathOf(count),
    "content-type": "application/grpc",
    te: "trailers",
  });
  request.on("error", () => {});
  request.end(enveloped(Buffer.from(toBinary(everything, fromJson(everything, { text: "flood" })))));
  return session;
}

/** As messages are on the wire, in Connect as in gRPC. */
function enveloped(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Asks for a stream without end, and reads none of it. */
async function stalled(url: string, path: string) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).pause();
  await once(socket, "connect");
  if (path !== "connect") {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
    return socket;
  }
  if (!count) throw new Error("no method");
  const message = enveloped(Buffer.from(JSON.stringify({ text: "flood" })));
  const head = [
    `POST ${pathOf(count)} HTTP/1.1`,
    `Host: ${hostname}`,
    "Content-Type: application/connect+json",
  ];
  head.push("Connect-Protocol-Version: 1", `Content-Length: ${message.length}`, "", "");
  socket.write(Buffer.concat([Buffer.from(head.join("\r\n")), message]));
  return socket;
}

async function countByConnect(url: string, text: string) {
  if (!count) throw new Error("no method");
  const request = fromJson(everything, { text });
  async function* input() {
    yield request;
  }
  const texts: string[] = [];
  try {
    const response = await connectTransport(url).stream(count, undefined, undefined, undefined, input());
    for await (const message of response.message) texts.push((message as Message & { text: string }).text);
    return { texts, reasons: [] };
  } catch (error) {
    return {
      texts,
      reasons: ConnectError.from(error)
        .findDetails(ErrorInfoSchema)
        .map(({ reason }) => reason),
    };
  }
}

function countByGrpc(port: number, text: string, leaveAfter = Number.POSITIVE_INFINITY) {
  return new Promise((resolve) => {
    if (!count) throw new Error("no method");
    const texts: string[] = [];
    const stream = grpcClient(port).client.makeServerStreamRequest(
      pathOf(count),
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => fromBinary(everything, bytes) as Message & { text: string },
      Buffer.from(toBinary(everything, fromJson(everything, { text }))),
    );
    stream.on("data", (message) => {
      texts.push(message.text);
      if (texts.length === leaveAfter) stream.cancel();
    });
    stream.on("error", () => {});
    stream.on("status", ({ code }) => resolve({ texts, code }));
  });
}
