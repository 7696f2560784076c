import type { JsonObject } from "@bufbuild/protobuf";
import type { Database, Tx } from "../../database/database.js";
import { type Clock, secondsAfter } from "../../platform/clock.js";
import type { Logger } from "../../platform/logger.js";
import { uuid } from "../../platform/random.js";
import type { Vault } from "../../platform/secrets.js";
import { createParcels } from "./parcels.js";
import type { OutboxItem } from "./queue.js";
import { contextOf, recipientContext } from "./sealing.js";
import type { OutboxStore } from "./store.js";
import { OutboxWorker, type WorkerSettings } from "./worker.js";

export interface OutboxNeeds {
  readonly database: Database;
  readonly store: OutboxStore;
  /** Seals what waits, for it contains one-time tokens and addresses. */
  readonly vault: Vault;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings?: Partial<WorkerSettings>;
}

/** Something that is to leave the house. */
export interface Parcel {
  /** Such as `mail`; delivered by the courier of this name. */
  readonly channel: string;
  /** What it is about, such as `password_reset`. */
  readonly topic: string;
  /** Parcels of one account to one recipient leave in their order; those of none in any. */
  readonly accountId: number | null;
  /** What the courier needs; sealed at rest. */
  readonly payload: JsonObject;
  /** Address or number, or whatever else a limit of the courier counts by. */
  readonly recipient?: string;
  /** From when on it is of no use. */
  readonly expiresAt?: Date;
  /** Older ones of the same channel, topic, account and recipient are of no use any more. */
  readonly supersedes?: boolean;
  /** What it is called where it goes, when it has a name already: a UUID. */
  readonly messageId?: string;
}

/** A parcel as its courier gets it. */
export interface Delivery {
  /** The same whenever the same is delivered again. */
  readonly messageId: string;
  readonly topic: string;
  readonly accountId: number | null;
  readonly payload: JsonObject;
  /** How often it was tried, this time included. */
  readonly attempts: number;
  readonly createdAt: Date;
}

/** Delivers the parcels of a channel. */
export interface Courier {
  readonly channel: string;
  /** Accounts for which it delivers at the same time. */
  readonly lanes: number;
  /** Parcels taken from the table at once: a process that is killed leaves so many until their lease is over. As many as lanes unless given. */
  readonly batch?: number;
  /** How much one recipient gets at most; more of it waits. */
  readonly perRecipient?: { readonly most: number; readonly seconds: number };
  /** How long a delivery may take, where that is longer than half of a lease. */
  readonly patienceSeconds?: number;
  /**
   * Rejects with {@link DeliveryRefused}, with {@link DeliveryDropped} when nobody waits for it any more, with {@link ChannelDown} when nobody is there, which uses no attempt up, or with anything else
   * when it is to be tried again. Settles within its patience.
   */
  deliver(delivery: Delivery): Promise<void>;
}

const DEFAULTS = { pollSeconds: 5, leaseSeconds: 120, stopSeconds: 5 };

const DAY_SECONDS = 86400;
/** After so long without a courier for its channel, a parcel is given up: the channel was taken from the settings. */
const NOBODY_SECONDS = 7 * DAY_SECONDS;
/** How long what waits no more is kept for the staff to look at. */
const KEPT_SECONDS = [
  ["sent", 3 * DAY_SECONDS],
  ["dropped", 3 * DAY_SECONDS],
  ["dead", 30 * DAY_SECONDS],
] as const;

/** Everything that leaves the house waits here: written with the change that causes it, delivered after its commit. */
export function createOutbox(needs: OutboxNeeds) {
  const { database, store, vault, clock, logger } = needs;
  const { leaseSeconds = DEFAULTS.leaseSeconds } = needs.settings ?? {};
  const settings = { ...DEFAULTS, deliverySeconds: leaseSeconds / 2, ...needs.settings };
  const workers = new Map<string, OutboxWorker>();
  let isStarted = false;

  const kick = (channel: string): void => workers.get(channel)?.kick();

  return {
    /** Delivers what is and will be posted for the courier's channel. */
    deliverBy(courier: Courier): void {
      const carrier = {
        channel: courier.channel,
        lanes: courier.lanes,
        batch: courier.batch ?? courier.lanes,
        patienceSeconds: courier.patienceSeconds,
        heldBackUntil: (item: OutboxItem) => heldBackUntil(courier, item),
        carry: (item: OutboxItem) => courier.deliver(deliveryOf(item)),
      };
      const worker = new OutboxWorker({ database, queue: store, carrier, clock, logger, settings });
      workers.set(courier.channel, worker);
      if (isStarted) worker.start();
    },

    /**
     * Queues a parcel; it leaves if and when `tx` commits, and does not hold up whoever waits for the commit. Answers how many it
     * supersedes: those that are on their way leave nevertheless.
     */
    async post(tx: Tx, parcel: Parcel): Promise<number> {
      const { channel, topic, accountId: userId, payload, expiresAt, supersedes } = parcel;
      const now = clock();
      const recipient =
        parcel.recipient === undefined
          ? null
          : vault.fingerprint(parcel.recipient, recipientContext(channel));
      const dropped =
        supersedes && userId !== null ? await store.drop({ channel, topic, userId, recipient }, now, tx) : 0;
      const item = {
        channel,
        topic,
        userId,
        messageId: parcel.messageId ?? uuid(),
        payload: vault.seal(JSON.stringify(payload), contextOf(parcel)),
        recipient,
        expiresAt: expiresAt ?? null,
      };
      await store.insert(item, now, tx);
      // What waited behind those that were dropped need not wait for them any more.
      tx.afterCommit(() => (dropped > 0 ? workers.get(channel)?.lookAgain() : kick(channel)));
      return dropped;
    },

    ...createParcels({ database, store, vault, clock, kick }),

    /** Begins to deliver, also what other processes or an earlier run left behind. */
    start(): void {
      isStarted = true;
      for (const worker of workers.values()) worker.start();
    },

    /** Looks for work now instead of at the next poll. */
    kick(): void {
      for (const worker of workers.values()) worker.lookAgain();
    },

    /** Resolves when all that was queued so far has been tried. */
    async settled(): Promise<void> {
      await Promise.all([...workers.values()].map((worker) => worker.settled()));
    },

    /** Ends deliveries; waits for those in flight, for a few seconds at most. */
    async stop(): Promise<void> {
      isStarted = false;
      await Promise.all([...workers.values()].map((worker) => worker.stop()));
    },

    /**
     * Gives so many at most up that wait for a courier whom nobody knows, and deletes what has left, or was given up, long ago; answers
     * how many parcels that were.
     */
    async prune(most: number): Promise<number> {
      const now = clock();
      const since = secondsAfter(now, -NOBODY_SECONDS);
      const givenUp = await store.giveUpOthers({ channels: [...workers.keys()], since, most, now });
      if (givenUp > 0) logger.warn({ parcels: givenUp }, "gave up what waits for channels without settings");
      let left = most - givenUp;
      for (const [state, kept] of KEPT_SECONDS) {
        if (left === 0) break;
        left -= await store.deleteFinished(state, secondsAfter(now, -kept), left);
      }
      return most - left;
    },
  };

  async function heldBackUntil(
    { perRecipient }: Courier,
    { recipient, channel }: OutboxItem,
  ): Promise<Date | undefined> {
    if (perRecipient === undefined || recipient === null) return undefined;
    const { most, seconds } = perRecipient;
    const sent = await store.sentTo(recipient, channel, secondsAfter(clock(), -seconds), most);
    const oldest = sent.at(most - 1);
    return oldest && secondsAfter(oldest, seconds);
  }

  function deliveryOf(item: OutboxItem): Delivery {
    const { messageId, topic, userId, attempts, createdAt, channel, payload } = item;
    const accountId = userId === null ? null : Number(userId);
    const opened = vault.open(payload, contextOf({ channel, topic, accountId })).toString("utf8");
    return { messageId, topic, accountId, attempts, createdAt, payload: JSON.parse(opened) };
  }
}

export type Outbox = ReturnType<typeof createOutbox>;
