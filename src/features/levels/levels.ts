import type { Tx } from "../../database/database.js";
import type { Account, Accounts } from "../accounts/accounts.js";
import { levelReached } from "./rules.js";
import type { LevelStore } from "./store.js";

export interface LevelsNeeds {
  readonly store: LevelStore;
  readonly accounts: Accounts;
}

export function createLevels({ store, accounts }: LevelsNeeds) {
  return {
    /** Sets the account's level to the one its private labels reach. */
    async refresh(
      account: Pick<Account, "id">,
      privateLabels: readonly { readonly key: string; readonly value: string }[],
      tx: Tx,
    ): Promise<number> {
      const level = levelReached(await store.ascending(tx), privateLabels);
      await accounts.setLevel(account, level, tx);
      return level;
    },

    /** The labels that carry an account up to a level. */
    async labelsUpTo(level: number, tx: Tx): Promise<{ key: string; value: string }[]> {
      return (await store.ascending(tx)).filter(({ number }) => number <= level);
    },
  };
}

export type Levels = ReturnType<typeof createLevels>;
