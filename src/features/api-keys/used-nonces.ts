import { LRUCache } from "lru-cache";
import { isRetryable } from "../../database/errors.js";
import { pause, retryDelay } from "../../database/retry.js";
import { gathered } from "../../platform/gathered.js";
import { randomHex } from "../../platform/random.js";
import { sha256Hex } from "../../platform/secrets.js";
import type { Claim, NonceStore } from "./nonce-store.js";

const MOST_IN_A_STATEMENT = 200;
const MOST_STATEMENTS = 2;
const MOST_ATTEMPTS = 4;
/** Nonces that this process has seen and refuses without asking the database. */
const MOST_SEEN = 50_000;

/** Which signed requests were seen, by all processes. What arrives at the same time goes to the database in one statement. */
export function createUsedNonces(store: NonceStore) {
  const seen = new LRUCache<string, true>({ max: MOST_SEEN });
  const claimant = randomHex(10);
  let claims = 0;
  const isFirst = gathered<Claim, boolean>({
    mostTogether: MOST_IN_A_STATEMENT,
    mostUnderway: MOST_STATEMENTS,
    async answer(batch) {
      const first = await inserted(batch);
      return batch.map(({ claim }) => first.has(claim));
    },
  });

  async function inserted(batch: readonly Claim[]): Promise<ReadonlySet<string>> {
    // In one order, so that no two processes wait for each other.
    const ordered = [...batch].sort((a, b) => (a.digest < b.digest ? -1 : 1));
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await store.insert(ordered);
      } catch (fault) {
        if (attempt === MOST_ATTEMPTS || !isRetryable(fault)) throw fault;
        await pause(retryDelay(attempt), undefined);
      }
    }
  }

  return {
    /** Uses a nonce of a key up; false when it was used before. It is known until the given moment. */
    async use(kid: string, nonce: string, expiresAt: Date): Promise<boolean> {
      const digest = sha256Hex(`${kid} ${nonce}`);
      if (seen.has(digest)) return false;
      seen.set(digest, true);
      claims += 1;
      const claim = `${claimant}${claims.toString(16).padStart(12, "0")}`;
      try {
        return await isFirst({ digest, claim, expiresAt });
      } catch (fault) {
        // Whether it is used the database alone knows.
        seen.delete(digest);
        throw fault;
      }
    },

    prune: (now: Date, most: number): Promise<number> => store.deleteOver(now, most),
  };
}
