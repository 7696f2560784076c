import { LRUCache } from "lru-cache";
import { isRetryable } from "../../database/errors.js";
import { pause, retryDelay } from "../../database/retry.js";
import { beyondCall } from "../../platform/deadline.js";
import { randomHex } from "../../platform/random.js";
import { sha256Hex } from "../../platform/secrets.js";
import type { Claim, NonceStore } from "./nonce-store.js";

const MOST_IN_A_STATEMENT = 200;
/** Statements at a time: while these are under way, what arrives is collected for the next. */
const MOST_UNDERWAY = 2;
const MOST_ATTEMPTS = 4;
/** Nonces that this process has seen and refuses without asking the database. */
const MOST_SEEN = 50_000;

interface Waiting extends Claim {
  settle(isFirst: boolean): void;
  fail(fault: unknown): void;
}

/** Which signed requests were seen, by all processes. What arrives at the same time goes to the database in one statement. */
export function createUsedNonces(store: NonceStore) {
  const seen = new LRUCache<string, true>({ max: MOST_SEEN });
  const claimant = randomHex(10);
  let claims = 0;
  const waiting: Waiting[] = [];
  let underway = 0;
  let isScheduled = false;

  /** Not before the requests have been read that arrived together. */
  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      flush();
    });
  }

  function flush(): void {
    while (waiting.length > 0 && underway < MOST_UNDERWAY) {
      const batch = waiting.splice(0, MOST_IN_A_STATEMENT);
      // Of many calls, none of which may end it for the others.
      void beyondCall(() => claim(batch));
    }
  }

  async function claim(batch: readonly Waiting[]): Promise<void> {
    underway += 1;
    try {
      const first = await inserted(batch);
      for (const each of batch) each.settle(first.has(each.claim));
    } catch (fault) {
      // With those that wait, who would meet the same and be more and more.
      for (const each of [...batch, ...waiting.splice(0)]) {
        // Whether it is used the database alone knows.
        seen.delete(each.digest);
        each.fail(fault);
      }
    }
    underway -= 1;
    flush();
  }

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
    use(kid: string, nonce: string, expiresAt: Date): Promise<boolean> {
      const digest = sha256Hex(`${kid} ${nonce}`);
      if (seen.has(digest)) return Promise.resolve(false);
      seen.set(digest, true);
      claims += 1;
      const claim = `${claimant}${claims.toString(16).padStart(12, "0")}`;
      return new Promise((settle, fail) => {
        waiting.push({ digest, claim, expiresAt, settle, fail });
        schedule();
      });
    },

    prune: (now: Date, most: number): Promise<number> => store.deleteOver(now, most),
  };
}
