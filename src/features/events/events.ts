import type { JsonObject } from "@bufbuild/protobuf";
import type { Database, Tx } from "../../database/database.js";
import { type Clock, secondsAfter } from "../../platform/clock.js";
import { uuid } from "../../platform/random.js";
import type { Vault } from "../../platform/secrets.js";
import type { EventRow, EventStore } from "./store.js";

const KEPT_SECONDS = 7 * 86400;

/** Names and payloads are a contract with the services that listen. */
export const EVENT_NAMES = [
  "model.user.created",
  "model.user.updated",
  "system.user.email.confirmation.token",
  "system.user.email.confirmed",
  "system.user.password.reset.token",
  "system.user.password.reset",
  "system.user.password.change",
  "system.document.verified",
  "system.document.rejected",
] as const;

export type EventName = (typeof EVENT_NAMES)[number];

export interface Happening {
  readonly name: EventName;
  readonly accountId: number;
  /** What listeners get besides the name; JSON. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Somebody outside who is told of events. */
export interface EventSink {
  /** Of the courier that tells them. */
  readonly channel: string;
  wants(name: string): boolean;
}

/** An event as the courier of a sink gets it. */
export interface EventParcel {
  readonly channel: string;
  readonly topic: string;
  readonly accountId: number;
  readonly messageId: string;
  readonly payload: JsonObject;
}

export interface EventsNeeds {
  readonly database: Database;
  readonly store: EventStore;
  /** Seals the payloads, for some hold one-time tokens. */
  readonly vault: Vault;
  readonly clock: Clock;
  readonly sinks: readonly EventSink[];
  /** Has it delivered when `tx` commits. */
  post(tx: Tx, parcel: EventParcel): Promise<unknown>;
}

/** What happened, written in the transaction in which it did: neither is there without the other. */
export function createEvents({ database, store, vault, clock, sinks, post }: EventsNeeds) {
  const watchers: (() => void)[] = [];

  return {
    async record({ name, accountId, payload }: Happening, tx: Tx): Promise<void> {
      const json = JSON.stringify(payload);
      const sealed = vault.seal(json, contextOf(name, accountId));
      const [eventId, createdAt] = [uuid(), clock()];
      await store.insert({ eventId, name, userId: accountId, payload: sealed, createdAt }, tx);
      // In its JSON, for that is what leaves.
      const event: JsonObject = JSON.parse(json);
      const told = { id: eventId, name, at: createdAt.toISOString(), event };
      for (const { channel } of sinks.filter(({ wants }) => wants(name)))
        await post(tx, { channel, topic: name, accountId, messageId: eventId, payload: told });
      for (const watcher of watchers) tx.afterCommit(watcher);
    },

    /** From now on `watcher` is called after every commit of this process in which something happened. */
    onRecorded: (watcher: () => void) => void watchers.push(watcher),

    /** What happened to an account, oldest first, as long as it is kept. */
    async of(accountId: number): Promise<Happening[]> {
      return (await store.of(accountId)).map((row) => {
        return { name: row.name as EventName, accountId, payload: openedPayload(row, vault) };
      });
    },

    async prune(most: number): Promise<number> {
      const oldest = secondsAfter(clock(), -KEPT_SECONDS);
      if (!(await store.hasBefore(oldest))) return 0;
      return database.transaction((tx) => store.deleteBefore(oldest, most, tx));
    },
  };
}

export type Events = ReturnType<typeof createEvents>;

export const openedPayload = ({ name, userId, payload }: EventRow, vault: Vault): JsonObject =>
  JSON.parse(vault.open(payload, contextOf(name, Number(userId))).toString("utf8"));

/** Sealed for this name and account, a payload cannot be moved to another row. */
const contextOf = (name: string, accountId: number): string => `event:${name}:${accountId}`;
