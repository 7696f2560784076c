import type { FastifyInstance, FastifyRequest } from "fastify";
import { monotonicMilliseconds } from "../platform/clock.js";
import type { Logger } from "../platform/logger.js";
import { nameOf } from "../transcoding/rules.js";
import type { ClientAddress } from "./client-address.js";
import { addressOf } from "./http-calls.js";

interface AccessLogNeeds {
  readonly logger: Logger;
  readonly clientAddress: ClientAddress;
}

/** Writes the line of a request that the hooks do not see. */
export type LogRequest = (request: FastifyRequest, status: number) => void;

/** One line for each request: who asked for what, and how it ended. Never bodies, queries, cookies or tokens. */
export function requestLog({ logger, clientAddress }: AccessLogNeeds): LogRequest {
  return (request, status) => {
    const { id, method, url, call } = request;
    const path = pathOf(url);
    const line = {
      id,
      method,
      path,
      rpc: call ? nameOf(call.method) : undefined,
      status,
      ms: elapsedSince(started.get(request)),
      ip: addressOf(request, clientAddress),
    };
    // Probes ask every few seconds and tell nothing new.
    if (PROBES.has(path)) logger.debug(line, "request");
    else logger.info(line, "request");
  };
}

/** Logs every request that reaches the hooks. */
export function logRequests(app: FastifyInstance, log: LogRequest): void {
  app.addHook("onRequest", (request, { raw }, done) => {
    started.set(request, monotonicMilliseconds());
    // Fastify's hooks do not see a client that leaves after its body was read.
    raw.once("close", () => log(request, raw.writableFinished ? raw.statusCode : CLIENT_LEFT));
    done();
  });
}

const started = new WeakMap<FastifyRequest, number>();

/** Milliseconds with two places. */
export const elapsedSince = (start = monotonicMilliseconds()): number =>
  Math.round((monotonicMilliseconds() - start) * 100) / 100;

const PROBES = new Set(["/healthz", "/readyz"]);
const CLIENT_LEFT = 499;
const MOST_PATH = 512;

function pathOf(url: string): string {
  const mark = url.indexOf("?");
  return (mark === -1 ? url : url.slice(0, mark)).slice(0, MOST_PATH);
}
