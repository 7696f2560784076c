import { once } from "node:events";
import type { Message } from "@bufbuild/protobuf";
import {
  logVerbosity,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  setLogVerbosity,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { Code } from "../../gen/google/rpc/code_pb.js";
import { monotonicMilliseconds } from "../platform/clock.js";
import type { Logger } from "../platform/logger.js";
import { nameOf } from "../transcoding/rules.js";
import { elapsedSince } from "./access-log.js";
import type { Answer, AnswerTo } from "./answers.js";
import type { ClientAddress } from "./client-address.js";
import { GrpcDoorCall } from "./grpc-call.js";
import { definitionOf } from "./grpc-definition.js";
import { channelOptions, type GrpcLimits, receiveLimits } from "./grpc-limits.js";
import { type Guarded, type GuardedStream, type GuardedUnary, isGuardedStream } from "./guard.js";
import type { Tls } from "./http.js";
import { MAX_RESPONSE_BYTES, MOST_BODY_BYTES, maxBytesOfAll, mostBytesOf } from "./request-bytes.js";
import { statusBytesOf } from "./rpc-errors.js";

export interface GrpcNeeds {
  readonly methods: readonly Guarded[];
  readonly answerTo: AnswerTo;
  readonly logger: Logger;
  readonly clientAddress: ClientAddress;
  readonly limits: GrpcLimits;
}

/** The gRPC server with every method. Not listening yet. */
export function createGrpcServer(needs: GrpcNeeds): Server {
  // What the library writes to stderr reaches us as errors as well.
  setLogVerbosity(logVerbosity.NONE);
  const maxBytes = new Map(needs.methods.map(({ served }) => [pathOf(served), mostBytesOf(served)]));
  const server = new Server({
    ...channelOptions(needs.limits),
    // Of all methods; each has a bound of its own from the moment its request begins.
    "grpc.max_receive_message_length": maxBytesOfAll(needs.methods.map(({ served }) => served)),
    "grpc.max_send_message_length": MAX_RESPONSE_BYTES,
    // Finds connections whose other end has vanished.
    "grpc.keepalive_time_ms": 60_000,
    "grpc.keepalive_timeout_ms": 20_000,
    interceptors: [
      receiveLimits({
        limits: needs.limits,
        maxBytesOf: (path) => maxBytes.get(path) ?? MOST_BODY_BYTES,
        statusOf: (failure) => statusOf(needs.answerTo(failure, { id: "" })),
      }),
    ],
  });
  for (const [definition, handlers] of byService(needs)) server.addService(definition, handlers);
  return server;
}

const pathOf = ({ method }: Guarded["served"]): string => `/${method.parent.typeName}/${method.name}`;

/** Encrypted when there is a certificate. */
export const credentialsOf = (tls: Tls | undefined): ServerCredentials =>
  tls
    ? ServerCredentials.createSsl(null, [
        { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) },
      ])
    : ServerCredentials.createInsecure();

function byService(needs: GrpcNeeds): Iterable<[ServiceDefinition, UntypedServiceImplementation]> {
  const services = new Map<string, [ServiceDefinition, UntypedServiceImplementation]>();
  for (const guarded of needs.methods) {
    const { method } = guarded.served;
    const [definition, handlers] = services.get(method.parent.typeName) ?? [{}, {}];
    services.set(method.parent.typeName, [
      { ...definition, [method.name]: definitionOf(method) },
      {
        ...handlers,
        [method.name]: isGuardedStream(guarded)
          ? streamHandler(guarded, needs)
          : unaryHandler(guarded, needs),
      },
    ]);
  }
  return services.values();
}

function unaryHandler({ served, invoke }: GuardedUnary, needs: GrpcNeeds) {
  return async (grpc: ServerUnaryCall<Buffer, Message>, respond: sendUnaryData<Message>): Promise<void> => {
    const start = monotonicMilliseconds();
    const call = new GrpcDoorCall(served, grpc, needs.clientAddress);
    try {
      const message = await invoke(call);
      call.sendHeader();
      respond(null, message);
      log(call, Code.OK, start, needs);
    } catch (error) {
      const answer = refuse(error, call, needs);
      respond(statusOf(answer));
      log(call, answer.rpcCode, start, needs);
    }
  };
}

function streamHandler({ served, invoke }: GuardedStream, needs: GrpcNeeds) {
  return async (grpc: ServerWritableStream<Buffer, Message>): Promise<void> => {
    const start = monotonicMilliseconds();
    const call = new GrpcDoorCall(served, grpc, needs.clientAddress);
    const { signal } = call;
    try {
      for await (const message of invoke(call)) {
        call.sendHeader();
        if (!grpc.write(message)) await once(grpc, "drain", { signal });
        signal.throwIfAborted();
      }
      call.sendHeader();
      grpc.end();
      log(call, Code.OK, start, needs);
    } catch (error) {
      // Nobody is left to be told, and stopping was the right thing to do.
      if (signal.aborted) {
        log(call, call.ending() === undefined ? Code.OK : Code.CANCELLED, start, needs);
        return;
      }
      const answer = refuse(error, call, needs);
      grpc.emit("error", statusOf(answer));
      log(call, answer.rpcCode, start, needs);
    }
  };
}

/** The answer to a failure, its headers sent if they can be. */
function refuse(error: unknown, call: GrpcDoorCall, needs: GrpcNeeds): Answer {
  const answer = answerOf(error, call, needs);
  try {
    call.sendHeader();
    return answer;
  } catch (unfitHeader) {
    return answerOf(unfitHeader, call, needs);
  }
}

const answerOf = (error: unknown, call: GrpcDoorCall, { answerTo }: GrpcNeeds): Answer =>
  answerTo(error, { id: call.id, method: nameOf(call.method), ending: call.ending() });

function statusOf(answer: Answer) {
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(statusBytesOf(answer)));
  // Half of a surrogate pair has no place in a header.
  const details = answer.sentence.replace(/\p{Surrogate}/gu, "\ufffd");
  return { code: Number(answer.rpcCode), details, metadata };
}

function log(call: GrpcDoorCall, code: Code, start: number, { logger }: GrpcNeeds): void {
  const rpc = nameOf(call.method);
  const line = { id: call.id, rpc, status: Code[code], ms: elapsedSince(start), ip: call.origin.ip };
  // Probes ask every few seconds and tell nothing new.
  if (rpc.startsWith("grpc.")) logger.debug(line, "call");
  else logger.info(line, "call");
}
