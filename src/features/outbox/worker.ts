import { shortReason } from "../../database/errors.js";
import { type Clock, secondsAfter } from "../../platform/clock.js";
import { beyondCall } from "../../platform/deadline.js";
import type { Logger } from "../../platform/logger.js";
import { jitter } from "../../platform/random.js";
import { MailRefused } from "../../ports/mail/mail.js";
import { afterFailure, isPermanent } from "./rules.js";
import type { Claim, OutboxItem, OutboxStore } from "./store.js";

/** Hands one item to the outside; rejects when it was not taken. Settles well within the lease. */
export type Courier = (item: OutboxItem) => Promise<void>;

export interface WorkerSettings {
  /** How often to look for items that no kick announced: retries, and those of processes that are gone. */
  readonly pollSeconds: number;
  /** After this long an item whose worker has not reported back is free for others. Longer than any delivery. */
  readonly leaseSeconds: number;
  /** Deliveries at the same time. */
  readonly lanes: number;
  /** How long a stop waits for deliveries in flight. */
  readonly stopSeconds: number;
}

export interface WorkerNeeds {
  readonly store: OutboxStore;
  /** By kind of item. Other kinds are left to other workers. */
  readonly couriers: Readonly<Record<string, Courier>>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: WorkerSettings;
}

const BATCH = 20;

/**
 * Delivers what waits in the outbox. Any number of workers, in any number of processes, share the work: each claims an
 * item before it delivers it. An item is delivered at least once; twice only if a worker ends between delivery and note.
 */
export class OutboxWorker {
  readonly #needs: WorkerNeeds;
  readonly #lanes = new Set<Promise<void>>();
  #found: OutboxItem[] = [];
  #looking: Promise<void> | undefined;
  #kicked = false;
  #poll: NodeJS.Timeout | undefined;

  constructor(needs: WorkerNeeds) {
    this.#needs = needs;
  }

  start(): void {
    if (this.#poll) return;
    // Spread, so that processes which start together do not ask together.
    const milliseconds = this.#needs.settings.pollSeconds * 1000 * (0.75 + jitter() / 2);
    this.#poll = setInterval(() => this.kick(), milliseconds);
    this.kick();
  }

  /** Looks for work now, in the background. Does nothing before the start and after the stop. */
  kick(): void {
    this.#kicked = true;
    this.#openLane();
  }

  /** Resolves when nothing that was announced is still on its way. */
  async settled(): Promise<void> {
    while (this.#lanes.size > 0) await Promise.all(this.#lanes);
  }

  /** Claims nothing more, and waits for deliveries in flight. Those that take too long are repeated after their lease. */
  async stop(): Promise<void> {
    clearInterval(this.#poll);
    this.#poll = undefined;
    let giveUp: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      giveUp = setTimeout(resolve, this.#needs.settings.stopSeconds * 1000);
    });
    await Promise.race([Promise.all(this.#lanes), patience]);
    clearTimeout(giveUp);
  }

  get #isRunning(): boolean {
    return this.#poll !== undefined;
  }

  #openLane(): void {
    if (!this.#isRunning || this.#lanes.size >= this.#needs.settings.lanes) return;
    // A lane outlives the call whose commit opened it.
    const lane = beyondCall(() => this.#work()).finally(() => {
      this.#lanes.delete(lane);
      // A kick that came while this lane was closing would otherwise wait for the next poll.
      if (this.#kicked) this.#openLane();
    });
    this.#lanes.add(lane);
  }

  async #work(): Promise<void> {
    try {
      while (this.#isRunning) {
        const item = await this.#next();
        if (!item) return;
        if (this.#found.length > 0) this.#openLane();
        await this.#deliver(item);
      }
    } catch (fault) {
      this.#needs.logger.warn({ reason: shortReason(fault) }, "the outbox cannot reach its database");
    }
  }

  async #next(): Promise<OutboxItem | undefined> {
    if (this.#found.length === 0) {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
      await this.#looking;
    }
    return this.#isRunning ? this.#found.shift() : undefined;
  }

  async #look(): Promise<void> {
    const { store, couriers, clock } = this.#needs;
    do {
      this.#kicked = false;
      this.#found = await store.due(Object.keys(couriers), clock(), BATCH);
    } while (this.#kicked && this.#found.length === 0);
  }

  async #deliver(item: OutboxItem): Promise<void> {
    const { store, couriers, clock, settings } = this.#needs;
    const now = clock();
    const claim = await store.claim(item, now, secondsAfter(now, settings.leaseSeconds));
    const courier = couriers[item.kind];
    if (!claim || !courier) return;
    try {
      await courier(item);
    } catch (fault) {
      await this.#note(item, claim, fault);
      return;
    }
    await store.remove(claim);
  }

  async #note({ kind, topic, userId }: OutboxItem, claim: Claim, fault: unknown): Promise<void> {
    const { store, clock, logger } = this.#needs;
    const reason = reasonOf(fault).slice(0, 255);
    const facts = { item: claim.id, kind, topic, accountId: userId, attempts: claim.attempts, reason };
    const next = afterFailure(claim.attempts, isPermanent(fault), jitter());
    if (next.kind === "give up") {
      await store.bury(claim, reason);
      logger.error(facts, "gave up a delivery");
      return;
    }
    await store.postpone(claim, secondsAfter(clock(), next.delaySeconds), reason);
    logger.warn({ ...facts, retryInSeconds: Math.round(next.delaySeconds) }, "a delivery failed");
  }
}

// Messages of other errors may quote what was to be sent.
const reasonOf = (fault: unknown): string =>
  fault instanceof MailRefused ? fault.message : shortReason(fault);
