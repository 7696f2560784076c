import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from "fastify";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../platform/failure.js";
import type { Logger } from "../platform/logger.js";
import { logRequests, requestLog } from "./access-log.js";
import type { AnswerTo } from "./answers.js";
import type { ClientAddress } from "./client-address.js";
import { connectDoor } from "./connect-door.js";
import { type CorsSettings, registerCors } from "./cors.js";
import { docsPages } from "./docs-pages.js";
import { fastifyFailure } from "./fastify-failure.js";
import type { Guarded } from "./guard.js";
import { refuseUnlessInPace } from "./pace.js";
import { MOST_BODY_BYTES } from "./request-bytes.js";
import { requestIdOf } from "./request-id.js";
import { failedCallOf, restDoor, sendAnswer } from "./rest-door.js";
import { securityHeaders } from "./security-headers.js";
import { watchSignedBody } from "./signed-bodies.js";

/** PEM texts. */
export interface Tls {
  readonly key: string;
  readonly cert: string;
}

export interface HttpNeeds {
  readonly methods: readonly Guarded[];
  readonly answerTo: AnswerTo;
  readonly logger: Logger;
  readonly clientAddress: ClientAddress;
  readonly cors: CorsSettings;
  /** The site is reached by https, whoever terminates it. */
  readonly https: boolean;
  readonly tls?: Tls | undefined;
  /** Whether calls can be served at present. */
  readonly ready: () => boolean | Promise<boolean>;
  /** Whether the server is going down. */
  readonly draining: () => boolean;
  /** Aborted at the end of a shutdown, for calls that are still running. */
  readonly shutdown: AbortSignal;
  /** More routes, for development. */
  readonly extra?: FastifyPluginAsync | undefined;
}

/** The host of everything HTTP: REST, Connect, gRPC-Web and the probes. Not listening yet. */
export async function createHttpHost(needs: HttpNeeds): Promise<FastifyInstance> {
  const { answerTo, draining } = needs;
  const log = requestLog(needs);
  const headers = securityHeaders({ https: needs.https });
  const app = Fastify({
    serverFactory: (handler) => {
      const answer: typeof handler = (request, response) => {
        watchSignedBody(request);
        handler(request, response);
      };
      return withBounds(needs.tls ? createTlsServer(needs.tls, answer) : createServer(answer));
    },
    genReqId: (raw) => requestIdOf(raw.headers["x-request-id"]),
    bodyLimit: MOST_BODY_BYTES,
    // Ours says it in the form of every other failure.
    return503OnClosing: false,
    forceCloseConnections: "idle",
    clientErrorHandler: refuseUnlessInPace,
    // A URL that cannot be read comes here without having passed the hooks.
    frameworkErrors: (error, request, reply) => {
      const answer = answerTo(fastifyFailure(error) ?? error, { id: request.id });
      reply.headers(headers).header("x-request-id", request.id);
      sendAnswer(reply, answer);
      log.write(request, log.arrivalOf(request), answer.status);
    },
  });
  app.decorateRequest("call", null);
  logRequests(app, log);
  app.addHook("onRequest", (request, reply, done) => {
    reply.headers(headers).header("x-request-id", request.id);
    done(draining() ? new Failure(ErrorReason.UNAVAILABLE) : undefined);
  });
  app.addHook("onSend", (_request, reply, payload, done) => {
    if (draining()) reply.header("connection", "close");
    done(null, payload);
  });
  app.setErrorHandler((error, _request, reply) => {
    sendAnswer(reply, answerTo(fastifyFailure(error) ?? error, failedCallOf(reply)));
  });
  registerCors(app, needs.cors);
  app.get("/healthz", async () => ({ status: "up" }));
  app.get("/readyz", async (_request, reply) => {
    const isReady = await needs.ready();
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? "ready" : "not ready" });
  });
  await app.register(docsPages);
  if (needs.extra) await app.register(needs.extra);
  await app.register(connectDoor(needs));
  await app.register(restDoor(needs));
  await app.ready();
  return app;
}

/** Times in which a client has to say what it wants, against those that keep connections busy for nothing. */
function withBounds<S extends Server>(server: S): S {
  server.headersTimeout = 15_000;
  server.requestTimeout = 60_000;
  // Longer than gateways keep theirs, so that it is never us who close a connection which they are about to use.
  server.keepAliveTimeout = 75_000;
  return server;
}
