import type { Tx } from "../../database/database.js";
import type { Clock } from "../../platform/clock.js";
import type { Account, Accounts } from "../accounts/accounts.js";
import type { Levels } from "../levels/levels.js";
import type { LabelStore } from "./store.js";

export interface LabelsNeeds {
  readonly store: LabelStore;
  readonly accounts: Accounts;
  readonly levels: Levels;
  readonly clock: Clock;
}

export function createLabels({ store, accounts, levels, clock }: LabelsNeeds) {
  return {
    /** Creates or changes a private label, and the level that follows from it. */
    async setPrivate(account: Pick<Account, "id">, key: string, value: string, tx: Tx): Promise<void> {
      // Held until commit: two labels set at the same time would otherwise each miss the other when the level is derived.
      await accounts.lock(account.id, tx);
      const labels = await store.find(account.id, "private", tx);
      const present = labels.find((label) => label.key === key);
      const now = clock();
      if (present) await store.setValue(present.id, value, now, tx);
      else {
        const label = {
          userId: account.id,
          key,
          value,
          scope: "private" as const,
          createdAt: now,
          updatedAt: now,
        };
        await store.insert(label, tx);
      }
      await levels.refresh(account, [...labels.filter((label) => label.key !== key), { key, value }], tx);
    },
  };
}

export type Labels = ReturnType<typeof createLabels>;
