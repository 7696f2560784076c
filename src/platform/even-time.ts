import { setTimeout as pause } from "node:timers/promises";
import { monotonicMilliseconds } from "./clock.js";

/** A way to run work whose duration must not tell what it found. */
export type Evenly = <T>(work: () => Promise<T>) => Promise<T>;

/** Settles as `work` does, but not before so many milliseconds: how long it took then tells nothing about what it found. */
export async function takingAtLeast<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  const end = monotonicMilliseconds() + milliseconds;
  try {
    return await work();
  } finally {
    const rest = end - monotonicMilliseconds();
    if (rest > 0) await pause(rest);
  }
}
