import { LRUCache } from "lru-cache";
import { networkOf } from "../../platform/network.js";
import { createCounters } from "./counters.js";

const MOST_A_MINUTE = 300;
const MISSED_FOR_MS = 10_000;
const MOST_REMEMBERED = 20_000;

/**
 * Counts names that no key has by the network they came from, so that who makes up a new one each time does not have the database
 * searched without end.
 */
export function createUnknownKids({ enabled }: { readonly enabled: boolean }) {
  const counters = createCounters(MOST_A_MINUTE);
  /** Names of keys, whose owners are not held up for what their neighbours make up. */
  const found = new LRUCache<string, true>({ max: MOST_REMEMBERED });
  /** Until when names are no key's without another look; who goes on with a key that was deleted is counted now and then. */
  const missedUntil = new LRUCache<string, number>({ max: MOST_REMEMBERED });
  /** What is being looked up. Whoever asks for the same meanwhile makes up nothing new. */
  const underway = new Set<string>();

  async function findAnew<Key>(
    kid: string,
    network: string,
    now: Date,
    look: () => Promise<Key | undefined>,
  ): Promise<Key | undefined> {
    counters.refuseBeyond(network, now);
    // Before it is looked for, so that those that come at once count too.
    const takeBack = counters.count(network, now);
    underway.add(kid);
    try {
      const key = await look();
      if (key === undefined) {
        missedUntil.set(kid, now.getTime() + MISSED_FOR_MS);
      } else {
        takeBack();
        found.set(kid, true);
      }
      return key;
    } catch (fault) {
      takeBack();
      throw fault;
    } finally {
      underway.delete(kid);
    }
  }

  return {
    /** What `look` finds. Throws Failure(TOO_MANY_REQUESTS) instead for a name that is new here, after too many unknown ones. */
    async find<Key>(
      kid: string,
      ip: string,
      now: Date,
      look: () => Promise<Key | undefined>,
    ): Promise<Key | undefined> {
      if (!enabled) return look();
      if (found.has(kid)) {
        const key = await look();
        if (key === undefined) found.delete(kid);
        return key;
      }
      if (now.getTime() < (missedUntil.get(kid) ?? 0)) return undefined;
      if (underway.has(kid)) return look();
      return findAnew(kid, networkOf(ip), now, look);
    },
  };
}
