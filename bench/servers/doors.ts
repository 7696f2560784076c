/**
 * Barong's doors with more or less of the guard between them and one handler:
 *
 *   doors.js handler HTTP_PORT GRPC_PORT      the request is read, the handler called
 *   doors.js withinCall HTTP_PORT GRPC_PORT   the same inside the asynchronous context that carries deadlines
 *   doors.js guard HTTP_PORT GRPC_PORT        the same behind the whole guard
 *
 * Each in a process of its own: the first asynchronous context that a process opens makes all of its promises dearer.
 */
import { create, type Message } from "@bufbuild/protobuf";
import { StatusService } from "../../gen/barong/identity/v1/status_service_pb.js";
import { statusHandlers } from "../../src/features/status/api.js";
import { systemClock } from "../../src/platform/clock.js";
import { withinCall } from "../../src/platform/deadline.js";
import { silentLogger } from "../../src/platform/logger.js";
import { createAnswers } from "../../src/wire/answers.js";
import { clientAddressBehind } from "../../src/wire/client-address.js";
import { createGrpcServer, credentialsOf } from "../../src/wire/grpc.js";
import { type Guarded, type GuardedUnary, guard, type Steps } from "../../src/wire/guard.js";
import { createHttpHost } from "../../src/wire/http.js";
import { limitMalformedRequests } from "../../src/wire/malformed-requests.js";
import { compileServices, isStream, type ServedMethod, serve } from "../../src/wire/services.js";
import type { WireCall } from "../../src/wire/wire-call.js";

const GRPC_LIMITS = {
  connectionsPerClient: 1000,
  streamsPerConnection: 1000,
  requestTimeoutSeconds: 60,
  connectionIdleSeconds: 900,
  connectionAgeSeconds: 3600,
};

const [layer = "", httpPort, grpcPort] = process.argv.slice(2);

const unused = async (): Promise<never> => {
  throw new Error("a public method without limits was stopped by a step");
};
const steps: Steps = {
  identify: unused,
  verifyCaptcha: unused,
  spend: unused,
  knownClientOf: unused,
  proveSecondFactor: unused,
  recordRefusal: unused,
};

const layers: Readonly<Record<string, (served: ServedMethod) => Guarded>> = {
  handler: unguarded,
  withinCall(served) {
    const { invoke, ...facts } = unguarded(served);
    return { ...facts, invoke: (call) => withinCall(call, () => invoke(call)) };
  },
  guard: (served) => guard(served, { steps, logger: silentLogger, malformed: limitMalformedRequests() }),
};

function unguarded(served: ServedMethod): GuardedUnary {
  if (isStream(served)) throw new Error(`${served.method.name} is a stream`);
  const invoke = async (call: WireCall): Promise<Message> => {
    const { message } = await call.read();
    return create(served.method.output, await served.handle(message, call));
  };
  return { served, invoke };
}

const putLayer = layers[layer];
if (!putLayer) throw new Error(`there is no layer "${layer}"`);

const common = {
  methods: compileServices([serve(StatusService, statusHandlers(systemClock))]).map(putLayer),
  answerTo: createAnswers(() => undefined, silentLogger),
  logger: silentLogger,
  clientAddress: clientAddressBehind([]),
};

const grpc = createGrpcServer({ ...common, limits: GRPC_LIMITS });
await new Promise<void>((resolve, reject) => {
  grpc.bindAsync(`127.0.0.1:${grpcPort}`, credentialsOf(undefined), (error) =>
    error ? reject(error) : resolve(),
  );
});

const http = await createHttpHost({
  ...common,
  cors: { origins: "*", maxAgeSeconds: 3600, credentials: false },
  https: false,
  ready: () => true,
  draining: () => false,
  shutdown: new AbortController().signal,
});
await http.listen({ host: "127.0.0.1", port: Number(httpPort) });
