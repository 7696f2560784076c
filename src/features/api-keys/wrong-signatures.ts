import { LRUCache } from "lru-cache";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../../platform/failure.js";
import { networkOf } from "../../platform/network.js";

const MOST_FAILURES = 100;
const WINDOW_MS = 60_000;
const MOST_COUNTERS = 20_000;

interface Counter {
  failures: number;
  readonly resetsAt: number;
}

/**
 * Counts wrong signatures of a key by the network they came from, so that nobody locks an owner out who is elsewhere. In memory: it has
 * to be cheaper than what it spares.
 */
export function createWrongSignatures({ enabled }: { readonly enabled: boolean }) {
  const counters = new LRUCache<string, Counter>({ max: MOST_COUNTERS });
  const nameOf = (kid: string, ip: string): string => `${kid} ${networkOf(ip)}`;

  return {
    /** Throws Failure(TOO_MANY_REQUESTS) after too many of them. */
    refuseGuesser(kid: string, ip: string, now: Date): void {
      if (counters.size === 0) return;
      const counter = counters.get(nameOf(kid, ip));
      if (counter === undefined || counter.failures < MOST_FAILURES) return;
      const leftMs = counter.resetsAt - now.getTime();
      if (leftMs > 0)
        throw new Failure(ErrorReason.TOO_MANY_REQUESTS, { retryAfterSeconds: Math.ceil(leftMs / 1000) });
    },

    count(kid: string, ip: string, now: Date): void {
      if (!enabled) return;
      const name = nameOf(kid, ip);
      const counter = counters.get(name);
      if (counter !== undefined && counter.resetsAt > now.getTime()) counter.failures += 1;
      else counters.set(name, { failures: 1, resetsAt: now.getTime() + WINDOW_MS });
    },
  };
}
