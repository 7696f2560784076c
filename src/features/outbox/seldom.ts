import { type Clock, secondsAfter } from "../../platform/clock.js";

const QUIET_SECONDS = 60;

/** Answers whether something is to be told now: the same is told once a minute. */
export function createSeldom(clock: Clock) {
  const quietUntil = new Map<string, Date>();
  return (word: string): boolean => {
    const now = clock();
    const until = quietUntil.get(word);
    if (until !== undefined && now < until) return false;
    quietUntil.set(word, secondsAfter(now, QUIET_SECONDS));
    return true;
  };
}
