import type { Message } from "@bufbuild/protobuf";
import {
  type ConnectError,
  type ConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import type { FastifyPluginAsync, FastifyRequest } from "fastify";
import { nameOf } from "../transcoding/rules.js";
import type { AnswerTo } from "./answers.js";
import type { ClientAddress } from "./client-address.js";
import { type Guarded, type GuardedStream, type GuardedUnary, isGuardedStream } from "./guard.js";
import { ConnectDoorCall } from "./http-calls.js";
import { MOST_BODY_BYTES } from "./rest-door.js";
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
    await app.register(fastifyConnectPlugin, {
      grpc: false,
      readMaxBytes: MOST_BODY_BYTES,
      shutdownSignal: needs.shutdown,
      contextValues: (request) => createContextValues().set(requestKey, request),
      routes: (router) => {
        for (const guarded of needs.methods) {
          if (isGuardedStream(guarded)) routeStream(router, guarded, needs);
          else routeUnary(router, guarded, needs);
        }
      },
    });
  };
}

const requestKey = createContextKey<FastifyRequest | undefined>(undefined);

function routeUnary(router: ConnectRouter, { served, invoke }: GuardedUnary, needs: ConnectDoorNeeds): void {
  router.rpc(served.method, async (message: Message, context) => {
    const call = callOf(served, message, context, needs);
    try {
      return await invoke(call);
    } catch (error) {
      throw errorOf(error, call, needs);
    }
  });
}

function routeStream(
  router: ConnectRouter,
  { served, invoke }: GuardedStream,
  needs: ConnectDoorNeeds,
): void {
  router.rpc(served.method, async function* (message: Message, context) {
    const call = callOf(served, message, context, needs);
    try {
      yield* invoke(call);
    } catch (error) {
      throw errorOf(error, call, needs);
    }
  });
}

function callOf(
  served: Guarded["served"],
  message: Message,
  context: HandlerContext,
  { clientAddress }: ConnectDoorNeeds,
): ConnectDoorCall {
  const request = context.values.get(requestKey);
  if (!request) throw new Error("the Connect door knows no request");
  const call = new ConnectDoorCall(served, message, context, request, clientAddress);
  request.call = call;
  return call;
}

function errorOf(error: unknown, call: ConnectDoorCall, { answerTo }: ConnectDoorNeeds): ConnectError {
  return connectErrorOf(answerTo(error, { id: call.id, method: nameOf(call.method), ending: call.ending() }));
}
