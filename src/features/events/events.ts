import type { Tx } from "../../database/database.js";
import { type Clock, secondsAfter } from "../../platform/clock.js";
import type { Vault } from "../../platform/secrets.js";
import type { EventStore } from "./store.js";

const KEPT_SECONDS = 7 * 86400;

/** Names and payloads are a contract with the services that listen. */
export type EventName =
  | "model.user.created"
  | "model.user.updated"
  | "system.user.email.confirmation.token"
  | "system.user.email.confirmed"
  | "system.user.password.reset.token"
  | "system.user.password.reset"
  | "system.user.password.change"
  | "system.document.verified"
  | "system.document.rejected";

export interface Happening {
  readonly name: EventName;
  readonly accountId: number;
  /** What listeners get besides the name; JSON. */
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface EventsNeeds {
  readonly store: EventStore;
  /** Seals the payloads, for some hold one-time tokens. */
  readonly vault: Vault;
  readonly clock: Clock;
}

/** What happened, written in the transaction in which it did: neither is there without the other. */
export function createEvents({ store, vault, clock }: EventsNeeds) {
  return {
    async record({ name, accountId, payload }: Happening, tx: Tx): Promise<void> {
      const sealed = vault.seal(JSON.stringify(payload), contextOf(name, accountId));
      await store.insert({ name, userId: accountId, payload: sealed, createdAt: clock() }, tx);
    },

    /** What happened to an account, oldest first, as long as it is kept. */
    async of(accountId: number): Promise<Happening[]> {
      return (await store.of(accountId)).map((row) => {
        const name = row.name as EventName;
        const payload = JSON.parse(vault.open(row.payload, contextOf(name, accountId)).toString("utf8"));
        return { name, accountId, payload };
      });
    },

    prune: (most: number): Promise<number> => store.deleteBefore(secondsAfter(clock(), -KEPT_SECONDS), most),
  };
}

export type Events = ReturnType<typeof createEvents>;

/** Sealed for this name and account, a payload cannot be moved to another row. */
const contextOf = (name: string, accountId: number): string => `event:${name}:${accountId}`;
