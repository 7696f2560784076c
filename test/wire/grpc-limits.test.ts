import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { connect as connectTcp } from "node:net";
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, onTestFinished, test, vi } from "vitest";
import { CreateSessionRequestSchema } from "../../gen/barong/identity/v1/session_service_pb.js";
import { ServerReflectionRequestSchema } from "../../gen/grpc/reflection/v1/reflection_pb.js";
import type { GrpcLimits } from "../../src/wire/grpc-limits.js";
import { frame, sendFrames } from "../support/grpc-frames.js";
import { GRPC_LIMITS, openTestDoors } from "./support.js";

const SIGN_IN = "/barong.identity.v1.SessionService/CreateSession";
const REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const RESOURCE_EXHAUSTED = 8;
const HEAD = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };

const open = (
  limits: Partial<GrpcLimits> = {},
  more: { grpcReflection?: boolean; trustedProxies?: string[] } = {},
) => openTestDoors({ settings: { grpcLimits: { ...GRPC_LIMITS, ...limits }, ...more } });

function session(port: number): ClientHttp2Session {
  const opened = connect(`http://127.0.0.1:${port}`);
  opened.on("error", () => {});
  onTestFinished(() => opened.destroy());
  return opened;
}

function begin(from: ClientHttp2Session, path: string): ClientHttp2Stream {
  const stream = from.request({ ...HEAD, ":path": path });
  stream.on("error", () => {});
  stream.resume();
  return stream;
}

/** The status with which a stream ends. */
async function statusOf(stream: ClientHttp2Stream): Promise<number> {
  const seen: { code?: number } = {};
  const read = (headers: NodeJS.Dict<string | string[]>) => {
    if (headers["grpc-status"] !== undefined) seen.code = Number(headers["grpc-status"]);
  };
  stream.on("response", read).on("trailers", read);
  if (!stream.closed) await once(stream, "close");
  return seen.code ?? -1;
}

const signIn = toBinary(
  CreateSessionRequestSchema,
  create(CreateSessionRequestSchema, { email: "a@b.c", password: "right" }),
);

test("a request that is not sent to its end is ended in time", async () => {
  const { doors } = await open({ requestTimeoutSeconds: 1 });
  const client = session(doors.grpcPort);
  const half = Array.from({ length: 2 }, () => begin(client, SIGN_IN));
  for (const stream of half) stream.write(frame(Buffer.alloc(50_000), { length: 60_000 }));

  expect(await Promise.all(half.map(statusOf))).toEqual([4, 4]);
});

test("a request that says it is longer than its method takes is refused before it comes", async () => {
  const { doors } = await open();
  const stream = begin(session(doors.grpcPort), SIGN_IN);
  stream.write(frame(Buffer.alloc(0), { length: 64 * 1024 + 1 }));

  expect(await statusOf(stream)).toBe(RESOURCE_EXHAUSTED);
});

test("a request that grows beyond its method's length when it is decompressed is refused with the reason", async () => {
  const { doors } = await open();
  const bomb = frame(gzipSync(Buffer.alloc(1024 * 1024)), { flags: 1 });

  const answer = await sendFrames(`127.0.0.1:${doors.grpcPort}`, SIGN_IN, bomb, { "grpc-encoding": "gzip" });

  expect(answer).toMatchObject({ code: RESOURCE_EXHAUSTED, reasons: ["request.body_too_large"] });
});

test("a client has as many connections as the bound says, and one more when it has closed one", async () => {
  const { doors } = await open({ connectionsPerClient: 2 });
  const tcp = async () => {
    const socket = connectTcp(doors.grpcPort, "127.0.0.1");
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
    await once(socket, "connect");
    return socket;
  };
  const [one, , third] = [await tcp(), await tcp(), await tcp()];

  await once(third, "close");
  expect(one.destroyed).toBe(false);

  one.destroy();
  await vi.waitFor(async () =>
    expect((await sendFrames(`127.0.0.1:${doors.grpcPort}`, SIGN_IN, frame(signIn))).code).toBe(0),
  );
});

test("a trusted proxy has any number of connections", async () => {
  const { doors } = await open({ connectionsPerClient: 1 }, { trustedProxies: ["127.0.0.1"] });
  const sessions = [session(doors.grpcPort), session(doors.grpcPort), session(doors.grpcPort)];

  for (const each of sessions) {
    const stream = begin(each, SIGN_IN);
    stream.end(frame(signIn));
    expect(await statusOf(stream)).toBe(0);
  }
});

test("a connection has as many calls at once as the bound says", async () => {
  const { doors } = await open({ streamsPerConnection: 3 });
  const client = session(doors.grpcPort);
  await once(client, "remoteSettings");

  expect(client.remoteSettings.maxConcurrentStreams).toBe(3);
});

test("reflection ends after too many questions", async () => {
  const { doors } = await open();
  const question = frame(
    toBinary(
      ServerReflectionRequestSchema,
      create(ServerReflectionRequestSchema, { messageRequest: { case: "listServices", value: "" } }),
    ),
  );

  const read = begin(session(doors.grpcPort), REFLECTION);
  for (let asked = 0; asked <= 1000; asked++) read.write(question);

  expect(await statusOf(read)).toBe(RESOURCE_EXHAUSTED);
});

test("reflection asks for nothing more of a client that does not read", async () => {
  const { doors } = await open();
  const question = frame(
    toBinary(
      ServerReflectionRequestSchema,
      create(ServerReflectionRequestSchema, {
        messageRequest: { case: "fileContainingSymbol", value: "barong.identity.v1.SessionService" },
      }),
    ),
  );
  const unread = session(doors.grpcPort).request({ ...HEAD, ":path": REFLECTION });
  unread.on("error", () => {}).pause();

  for (let asked = 0; asked < 900; asked++) unread.write(question);

  // The responses to all questions have 50 MB.
  await vi.waitFor(() => expect(unread.readableLength).toBeGreaterThan(0));
  expect(unread.readableLength).toBeLessThan(1024 * 1024);
});

test("reflection can be switched off", async () => {
  const { doors } = await open({}, { grpcReflection: false });

  const answer = await sendFrames(`127.0.0.1:${doors.grpcPort}`, REFLECTION, frame(Buffer.alloc(0)));

  expect(answer.code).toBe(12);
});
