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

/** Where a request came from and when, on the monotonic clock. */
export interface Arrival {
  readonly ip: string;
  readonly at: number;
}

export interface RequestLog {
  /** To be asked while the connection stands: afterwards nobody knows its address. */
  arrivalOf(request: FastifyRequest): Arrival;
  /** One line: who asked for what, and how it ended. Never bodies, queries, cookies or tokens. */
  write(request: FastifyRequest, arrival: Arrival, status: number): void;
}

export function requestLog({ logger, clientAddress }: AccessLogNeeds): RequestLog {
  return {
    arrivalOf: (request) => ({ ip: addressOf(request, clientAddress), at: monotonicMilliseconds() }),
    write(request, { ip, at }, status) {
      const { id, method, url, call } = request;
      const path = pathOf(url);
      const rpc = call ? nameOf(call.method) : undefined;
      const line = { id, method, path, rpc, status, ms: elapsedSince(at), ip };
      // Probes ask every few seconds and tell nothing new.
      if (PROBES.has(path)) logger.debug(line, "request");
      else logger.info(line, "request");
    },
  };
}

/** Logs every request that reaches the hooks. */
export function logRequests(app: FastifyInstance, log: RequestLog): void {
  app.addHook("onRequest", (request, { raw }, done) => {
    const arrival = log.arrivalOf(request);
    // Fastify's hooks do not see a client that leaves after its body was read.
    raw.once("close", () => log.write(request, arrival, raw.writableFinished ? raw.statusCode : CLIENT_LEFT));
    done();
  });
}

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
