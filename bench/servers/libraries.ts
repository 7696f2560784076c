/** What each door is made of, with nothing of Barong around it: the transcoder, Connect and grpc-js, each before one handler. */
import { create, fromBinary, type Message } from "@bufbuild/protobuf";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import Fastify from "fastify";
import { GetTimeResponseSchema, StatusService } from "../../gen/barong/identity/v1/status_service_pb.js";
import { secondsOf, systemClock } from "../../src/platform/clock.js";
import { transcoder } from "../../src/transcoding/transcoder.js";
import { definitionOf } from "../../src/wire/grpc-definition.js";

const [httpPort, grpcPort] = process.argv.slice(2).map(Number);

const { getTime: method } = StatusService.method;
const time = () => create(GetTimeResponseSchema, { time: BigInt(secondsOf(systemClock())) });

const grpc = new Server();
grpc.addService(
  { GetTime: definitionOf(method) },
  {
    GetTime(call: ServerUnaryCall<Buffer, Message>, respond: sendUnaryData<Message>) {
      fromBinary(method.input, call.request);
      respond(null, time());
    },
  },
);
await new Promise<void>((resolve, reject) => {
  grpc.bindAsync(`127.0.0.1:${grpcPort}`, ServerCredentials.createInsecure(), (error) =>
    error ? reject(error) : resolve(),
  );
});

const app = Fastify();
await app.register(fastifyConnectPlugin, {
  grpc: false,
  routes: (router) => {
    router.service(StatusService, { getTime: async () => time() });
  },
});
await app.register(
  transcoder({
    methods: [
      {
        method,
        async invoke(call) {
          await call.read();
          return time();
        },
      },
    ],
  }),
);
await app.listen({ host: "127.0.0.1", port: httpPort ?? 0 });
