import type { IncomingHttpHeaders } from "node:http";
import type { Message } from "@bufbuild/protobuf";
import {
  type ConnectError,
  type ConnectRouter,
  type ContextValues,
  createContextKey,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import type { UniversalServerRequest } from "@connectrpc/connect/protocol";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import type { FastifyPluginAsync, FastifyRequest } from "fastify";
import type { Failure } from "../platform/failure.js";
import type { RawRequest } from "../transcoding/body.js";
import { nameOf } from "../transcoding/rules.js";
import type { AnswerTo } from "./answers.js";
import type { ClientAddress } from "./client-address.js";
import { responseCompression, withLateBody } from "./connect-late-body.js";
import { ConnectProtocolError } from "./connect-message.js";
import { withOurReasons } from "./connect-refusals.js";
import { type Guarded, type GuardedStream, type GuardedUnary, isGuardedStream } from "./guard.js";
import { ConnectDoorCall, LONGEST_TIMEOUT_MS } from "./http-calls.js";
import { maxBytesOfAll, mostBytesOf } from "./request-bytes.js";
import { connectErrorOf } from "./rpc-errors.js";

export interface ConnectDoorNeeds {
  readonly methods: readonly Guarded[];
  readonly answerTo: AnswerTo;
  readonly clientAddress: ClientAddress;
  /** Aborted when calls that are still running at the end of a shutdown have to end. */
  readonly shutdown: AbortSignal;
}

/** Every method over Connect and gRPC-Web, by POST alone. */
export function connectDoor(needs: ConnectDoorNeeds): FastifyPluginAsync {
  return async (app) => {
    app.addHook("onRequest", (request, _reply, done) => {
      shortenTimeouts(request.raw.headers);
      done();
    });
    const discardBytes = maxBytesOfAll(needs.methods.map(({ served }) => served));
    await app.register(fastifyConnectPlugin, {
      grpc: false,
      acceptCompression: responseCompression,
      shutdownSignal: needs.shutdown,
      contextValues: (request) => createContextValues().set(requestKey, request),
      routes: (router) => {
        for (const guarded of needs.methods) {
          if (isGuardedStream(guarded)) routeStream(router, guarded, needs);
          else routeUnary(router, guarded, needs);
        }
        const errorOfRefusal = (failure: Failure) => connectErrorOf(needs.answerTo(failure, { id: "" }));
        // The plugin serves what it finds in this list afterwards.
        router.handlers.splice(
          0,
          router.handlers.length,
          ...router.handlers.map((handler) =>
            withOurReasons(withLateBody(handler, rawOf, discardBytes), errorOfRefusal),
          ),
        );
      },
    });
  };
}

/** A timer that is told to wait longer than it can does not wait at all. */
function shortenTimeouts(headers: IncomingHttpHeaders): void {
  if (Number(headers["connect-timeout-ms"]) > LONGEST_TIMEOUT_MS) {
    headers["connect-timeout-ms"] = String(LONGEST_TIMEOUT_MS);
  }
  const [, amount, unit] = /^(\d{1,8})([HMS])$/.exec(String(headers["grpc-timeout"])) ?? [];
  const seconds = { H: 3600, M: 60, S: 1 }[unit ?? ""] ?? 0;
  const most = Math.floor(LONGEST_TIMEOUT_MS / 1000);
  if (Number(amount) * seconds > most) headers["grpc-timeout"] = `${most}S`;
}

const requestKey = createContextKey<FastifyRequest | undefined>(undefined);

function requestIn(values: ContextValues | undefined): FastifyRequest {
  const request = values?.get(requestKey);
  if (!request) throw new Error("the Connect door knows no request");
  return request;
}

const rawOf = ({ contextValues }: UniversalServerRequest) => requestIn(contextValues).raw as RawRequest;

function routeUnary(router: ConnectRouter, { served, invoke }: GuardedUnary, needs: ConnectDoorNeeds): void {
  // The message that Connect has read is empty; the guard reads the one that was sent.
  const answer = async (_empty: Message, context: HandlerContext) => {
    const call = callOf(served, context, needs);
    try {
      return await invoke(call);
    } catch (error) {
      throw errorOf(error, call, needs);
    }
  };
  router.rpc(served.method, answer, boundsOf(served));
}

function routeStream(
  router: ConnectRouter,
  { served, invoke }: GuardedStream,
  needs: ConnectDoorNeeds,
): void {
  const answers = async function* (_empty: Message, context: HandlerContext) {
    const call = callOf(served, context, needs);
    try {
      yield* invoke(call);
    } catch (error) {
      throw errorOf(error, call, needs);
    }
  };
  router.rpc(served.method, answers, boundsOf(served));
}

/** Options of a method are taken for all there are, so gRPC is left out here once more. */
const boundsOf = (served: Guarded["served"]) => ({ grpc: false, readMaxBytes: mostBytesOf(served) });

function callOf(
  served: Guarded["served"],
  context: HandlerContext,
  { clientAddress }: ConnectDoorNeeds,
): ConnectDoorCall {
  const request = requestIn(context.values);
  const call = new ConnectDoorCall(served, context, request, clientAddress);
  request.call = call;
  return call;
}

function errorOf(error: unknown, call: ConnectDoorCall, { answerTo }: ConnectDoorNeeds): ConnectError {
  if (error instanceof ConnectProtocolError) return error.connectError;
  return connectErrorOf(answerTo(error, { id: call.id, method: nameOf(call.method), ending: call.ending() }));
}
