import { setTimeout as sleep } from "node:timers/promises";
import { jitter } from "../platform/random.js";
import { CallEnded } from "./errors.js";

/** Milliseconds before attempt `attempt + 1`: doubling, up to half a second, spread so that rivals do not meet again. */
export const retryDelay = (attempt: number): number => jitter() * Math.min(10 * 2 ** attempt, 500);

/** Waits, but not longer than the call lasts: then rejects with `CallEnded`. */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal && { signal });
  } catch {
    throw new CallEnded();
  }
}
