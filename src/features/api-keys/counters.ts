import { LRUCache } from "lru-cache";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../../platform/failure.js";

const WINDOW_MS = 60_000;
const MOST_COUNTERS = 20_000;

interface Counter {
  count: number;
  readonly resetsAt: number;
}

/** Counts by name what may happen `most` times a minute. In memory: it has to be cheaper than what it spares. */
export function createCounters(most: number) {
  const counters = new LRUCache<string, Counter>({ max: MOST_COUNTERS });

  return {
    /** Throws Failure(TOO_MANY_REQUESTS) once it has happened that often. */
    refuseBeyond(name: string, now: Date): void {
      if (counters.size === 0) return;
      const counter = counters.get(name);
      if (counter === undefined || counter.count < most) return;
      const leftMs = counter.resetsAt - now.getTime();
      if (leftMs > 0)
        throw new Failure(ErrorReason.TOO_MANY_REQUESTS, { retryAfterSeconds: Math.ceil(leftMs / 1000) });
    },

    /** Answers how to take it back. */
    count(name: string, now: Date): () => void {
      const present = counters.get(name);
      const counter =
        present !== undefined && present.resetsAt > now.getTime()
          ? present
          : { count: 0, resetsAt: now.getTime() + WINDOW_MS };
      counter.count += 1;
      if (counter !== present) counters.set(name, counter);
      return () => {
        counter.count -= 1;
      };
    },
  };
}
