import { LRUCache } from "lru-cache";
import { type Clock, secondsAfter } from "../../platform/clock.js";

const QUIET_SECONDS = 60;
/** Words may have in them what the other side says, and be new each time. */
const MOST_WORDS = 1000;

/** Answers whether something is to be told now: the same is told once a minute, unless it is one of too many. */
export function createSeldom(clock: Clock) {
  const quietUntil = new LRUCache<string, Date>({ max: MOST_WORDS });
  return (word: string): boolean => {
    const now = clock();
    const until = quietUntil.get(word);
    if (until !== undefined && now < until) return false;
    quietUntil.set(word, secondsAfter(now, QUIET_SECONDS));
    return true;
  };
}
