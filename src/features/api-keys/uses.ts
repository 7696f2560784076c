import { LRUCache } from "lru-cache";
import type { Clock } from "../../platform/clock.js";
import { beyondCall } from "../../platform/deadline.js";
import type { KnownKey } from "./known-keys.js";
import type { UseStore } from "./use-store.js";

const RECORD_EVERY_MS = 60_000;
const MOST_IN_A_STATEMENT = 200;
const MOST_REMEMBERED = 50_000;

export interface UsesNeeds {
  readonly store: UseStore;
  readonly clock: Clock;
}

/** Records when keys were last used, once a minute each and without anybody waiting for it. */
export function createUses({ store, clock }: UsesNeeds) {
  const recorded = new LRUCache<number, number>({ max: MOST_REMEMBERED });
  const waiting = new Set<number>();
  let writing: Promise<void> | undefined;

  async function write(): Promise<void> {
    while (waiting.size > 0) {
      const ids = [...waiting].slice(0, MOST_IN_A_STATEMENT).sort((a, b) => a - b);
      for (const id of ids) waiting.delete(id);
      try {
        await store.markUsed(ids, clock());
      } catch {
        // No request is worse for it: the next use is recorded instead.
        for (const id of ids) recorded.delete(id);
      }
    }
    writing = undefined;
  }

  return {
    note({ id, lastUsedAt }: Pick<KnownKey, "id" | "lastUsedAt">, now: Date): void {
      const last = Math.max(lastUsedAt?.getTime() ?? 0, recorded.get(id) ?? 0);
      if (now.getTime() - last < RECORD_EVERY_MS) return;
      recorded.set(id, now.getTime());
      waiting.add(id);
      writing ??= beyondCall(write);
    },

    /** Resolves when what was noted is written. */
    settled: async (): Promise<void> => writing,
  };
}
