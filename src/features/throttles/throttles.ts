import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { type Clock, secondsAfter } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import { sha256Hex } from "../../platform/secrets.js";
import type { ThrottleStore } from "./store.js";

export interface Allowance {
  readonly calls: number;
  readonly seconds: number;
}

export interface ThrottlesNeeds {
  readonly store: ThrottleStore;
  readonly clock: Clock;
  readonly enabled: boolean;
}

/** Counters of attempts, shared by all processes. A bucket is any text; only its hash is stored. */
export function createThrottles({ store, clock, enabled }: ThrottlesNeeds) {
  return {
    /** Counts an attempt; throws Failure(TOO_MANY_REQUESTS) when the allowance of the running window is spent. */
    async spend(name: string, { calls, seconds }: Allowance): Promise<void> {
      if (!enabled) return;
      const bucket = sha256Hex(name);
      const now = clock();
      if (await store.count(bucket, calls, now)) return;
      if (await store.open(bucket, now, secondsAfter(now, seconds))) return;
      // Another call may have opened the window between the two statements.
      if (await store.count(bucket, calls, now)) return;
      const resetsAt = (await store.resetsAt(bucket)) ?? now;
      const retryAfterSeconds = Math.max(1, Math.ceil((resetsAt.getTime() - now.getTime()) / 1000));
      throw new Failure(ErrorReason.TOO_MANY_REQUESTS, { retryAfterSeconds });
    },

    /** Takes an attempt back that turned out to be none. */
    async refund(name: string): Promise<void> {
      if (enabled) await store.uncount(sha256Hex(name));
    },

    /** Starts afresh after a success. */
    async forget(name: string): Promise<void> {
      if (enabled) await store.forget(sha256Hex(name));
    },

    prune: (most: number): Promise<number> => store.deleteOver(clock(), most),
  };
}

export type Throttles = ReturnType<typeof createThrottles>;
