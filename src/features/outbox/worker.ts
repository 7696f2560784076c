import type { Database } from "../../database/database.js";
import { shortReason } from "../../database/errors.js";
import { type Clock, secondsAfter } from "../../platform/clock.js";
import { beyondCall } from "../../platform/deadline.js";
import type { Logger } from "../../platform/logger.js";
import { jitter } from "../../platform/random.js";
import { type ChannelDown, DeliveryDropped } from "../../ports/delivery.js";
import { claimLines, type Line } from "./claims.js";
import { createFailures, type Failures } from "./failures.js";
import type { Claim, OutboxItem, Queue } from "./queue.js";
import { isChannelDown, MOST_ATTEMPTS, pauseSeconds } from "./rules.js";
import { Search } from "./search.js";
import { SentNotes } from "./sent-notes.js";
import { whileKept } from "./while-kept.js";

/** What leads out of the house by one channel. */
export interface Carrier {
  readonly channel: string;
  /** Accounts for which it delivers at the same time. */
  readonly lanes: number;
  /** Items taken at once; a worker that is killed leaves so many for later. */
  readonly batch: number;
  /** When a recipient has got too much, the moment from which he may get more. */
  heldBackUntil(item: OutboxItem): Promise<Date | undefined>;
  /** How long that may take, where it is longer than `deliverySeconds`. */
  readonly patienceSeconds?: number | undefined;
  /** Hands one item to the outside; rejects when it was not taken. */
  carry(item: OutboxItem): Promise<void>;
}

export interface WorkerSettings {
  /** How often to look for items that no kick announced: retries, and those of processes that are gone. */
  readonly pollSeconds: number;
  /** After this long an item whose worker has not reported back is free for others. A delivery that takes longer renews it. */
  readonly leaseSeconds: number;
  /** No delivery begins when less than this is left of its lease. */
  readonly deliverySeconds: number;
  /** How long a stop waits for deliveries in flight. */
  readonly stopSeconds: number;
}

export interface WorkerNeeds {
  readonly database: Database;
  readonly queue: Queue;
  readonly carrier: Carrier;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: WorkerSettings;
}

/** A line that this worker has, until a moment. */
interface Taken {
  readonly line: Line;
  readonly until: Date;
}

/**
 * Delivers what waits for one channel. Any number of workers, in any number of processes, share the work. An item is delivered at least
 * once; twice only if a worker ends between delivery and note. Items of one account are delivered in their order.
 */
export class OutboxWorker {
  readonly #needs: WorkerNeeds;
  readonly #search: Search;
  readonly #sent: SentNotes;
  readonly #failures: Failures;
  readonly #lanes = new Set<Promise<void>>();
  readonly #found: Taken[] = [];
  #looking: Promise<void> | undefined;
  #kicked = false;
  #poll: NodeJS.Timeout | undefined;
  /** While nobody is there at the other end. */
  #rest: NodeJS.Timeout | undefined;
  #vain = 0;
  /** What is still under way after a stop is left to others. */
  #isLeft = false;

  constructor(needs: WorkerNeeds) {
    this.#needs = needs;
    this.#search = new Search(needs.queue, needs.carrier.channel);
    this.#sent = new SentNotes(needs);
    this.#failures = createFailures(needs);
  }

  start(): void {
    if (this.#poll) return;
    // Spread, so that processes which start together do not ask together.
    const milliseconds = this.#needs.settings.pollSeconds * 1000 * (0.75 + jitter() / 2);
    this.#poll = setInterval(() => this.lookAgain(), milliseconds);
    this.lookAgain();
  }

  /** Something new waits: looks for it in the background. Does nothing before the start and after the stop. */
  kick(): void {
    this.#kicked = true;
    this.#openLane();
  }

  /** As `kick`, for all that waits: what had to wait may be due. */
  lookAgain(): void {
    this.#search.beginAnew();
    this.kick();
  }

  /** Resolves when nothing that was announced is still on its way. */
  async settled(): Promise<void> {
    while (this.#lanes.size > 0) await Promise.all(this.#lanes);
  }

  /** Claims nothing more, and waits for deliveries in flight. Those that take too long are repeated after their lease. */
  async stop(): Promise<void> {
    clearInterval(this.#poll);
    clearTimeout(this.#rest);
    this.#poll = undefined;
    this.#rest = undefined;
    let giveUp: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      giveUp = setTimeout(resolve, this.#needs.settings.stopSeconds * 1000);
    });
    await Promise.race([Promise.all([...this.#lanes, this.#giveBack()]), patience]);
    clearTimeout(giveUp);
    this.#isLeft = true;
    this.#sent.giveUp();
  }

  get #isRunning(): boolean {
    return this.#poll !== undefined;
  }

  get #isBusy(): boolean {
    return this.#isRunning && this.#rest === undefined;
  }

  #openLane(): void {
    if (!this.#isBusy) return;
    // Whoever comes back after nobody was there goes alone.
    if (this.#lanes.size >= (this.#vain > 0 ? 1 : this.#needs.carrier.lanes)) return;
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
      for (let taken = await this.#next(); taken; taken = await this.#next()) {
        if (this.#found.length > 0) this.#openLane();
        await this.#deliverLine(taken);
      }
    } catch (fault) {
      this.#warn(fault);
    }
  }

  async #next(): Promise<Taken | undefined> {
    if (this.#found.length === 0 && this.#isBusy) {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
      await this.#looking;
    }
    return this.#isBusy ? this.#found.shift() : undefined;
  }

  async #look(): Promise<void> {
    const { database, queue, carrier, clock, settings } = this.#needs;
    this.#kicked = false;
    // Others may be quicker with all that was seen.
    while (this.#found.length === 0 && this.#isBusy) {
      const now = clock();
      const until = secondsAfter(now, settings.leaseSeconds);
      const most = this.#vain > 0 ? 1 : carrier.batch;
      const candidates = await this.#search.candidates(now, most);
      if (candidates.length === 0) return;
      const { lines, mayHaveMore } = await claimLines(database, queue, { candidates, most, now, until });
      if (mayHaveMore) this.#search.expectMore();
      this.#found.push(...lines.map((line) => ({ line, until })));
    }
    if (!this.#isBusy) await this.#giveBack();
  }

  /** One after the other, until one has to wait, for which those behind it wait too. */
  async #deliverLine({ line, until }: Taken): Promise<void> {
    const { items, next } = line;
    let at = 0;
    try {
      for (; at < items.length; at += 1) {
        const item = items[at];
        if (item === undefined || !this.#isBusy || this.#isTooLate(until)) break;
        if (await this.#deliver(item)) continue;
        return await this.#release(items.slice(at + 1));
      }
      if (at < items.length) return await this.#release(items.slice(at));
    } catch (fault) {
      // Still ours, for when the database is back.
      this.#found.unshift({ line: { ...line, items: items.slice(at) }, until });
      throw fault;
    }
    if (next !== undefined) this.#search.expect(next);
    // A search that is under way has passed by what waited behind it.
    this.#kicked = true;
  }

  #isTooLate(until: Date): boolean {
    const { clock, settings } = this.#needs;
    return secondsAfter(clock(), settings.deliverySeconds) > until;
  }

  /** Answers whether the next of the account may follow. Whoever has lost one to another worker has lost those behind it too. */
  async #deliver(item: OutboxItem): Promise<boolean> {
    const { carrier, queue, clock, settings } = this.#needs;
    const now = clock();
    if (item.expiresAt !== null && item.expiresAt <= now)
      return queue.finish(item, "dropped", "expired", now);
    // Whoever took it so often did not live to tell. Twice as often, for those taken along with it were counted too.
    if (item.attempts > 2 * MOST_ATTEMPTS)
      return this.#failures.giveUp(item, "no worker has come back from it");
    const heldBackUntil = await carrier.heldBackUntil(item);
    if (heldBackUntil !== undefined) {
      await queue.release([item], heldBackUntil, "the recipient has got too many");
      return false;
    }
    try {
      await whileKept(carrier.carry(item), {
        keep: () => this.#keep(item),
        everySeconds: settings.leaseSeconds / 4,
        patienceSeconds: Math.max(carrier.patienceSeconds ?? 0, settings.deliverySeconds),
      });
    } catch (fault) {
      return this.#note(item, fault);
    }
    this.#vain = 0;
    return this.#sent.note(item);
  }

  /** Renews the lease of what takes long. What was taken along and waits for a lane is left to others meanwhile. */
  async #keep(item: OutboxItem): Promise<void> {
    const { queue, clock, settings } = this.#needs;
    // A stop waits for deliveries, which are ours until it waits no longer.
    if (this.#isLeft) return;
    try {
      await Promise.all([queue.renew(item, secondsAfter(clock(), settings.leaseSeconds)), this.#giveBack()]);
    } catch (fault) {
      this.#warn(fault);
    }
  }

  async #note(item: OutboxItem, fault: unknown): Promise<boolean> {
    if (isChannelDown(fault)) {
      const backAt = this.#takeRest(fault);
      // Behind the others, in case that it is this one after which nobody answers any more.
      await Promise.all([this.#release([item], backAt), this.#giveBack()]);
      return false;
    }
    if (fault instanceof DeliveryDropped)
      return this.#needs.queue.finish(item, "dropped", fault.message, this.#needs.clock());
    this.#vain = 0;
    return this.#failures.note(item, fault);
  }

  /** Nothing of what waits is tried meanwhile, and none of it has used an attempt up. Answers when it is over. */
  #takeRest(fault: ChannelDown): Date {
    const { carrier, logger, clock } = this.#needs;
    if (this.#rest !== undefined || !this.#isRunning) return clock();
    this.#vain += 1;
    const seconds = pauseSeconds(this.#vain, jitter());
    const facts = { channel: carrier.channel, reason: fault.message, retryInSeconds: Math.round(seconds) };
    if (this.#vain === 1) logger.warn(facts, "nobody takes deliveries of this channel");
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      this.lookAgain();
    }, seconds * 1000);
    return secondsAfter(clock(), seconds);
  }

  /** What was taken and not begun. */
  async #giveBack(): Promise<void> {
    const taken = this.#found.splice(0);
    try {
      await this.#release(taken.flatMap(({ line }) => line.items));
    } catch (fault) {
      this.#warn(fault);
      this.#found.unshift(...taken);
    }
  }

  async #release(claims: readonly Claim[], availableAt = this.#needs.clock()): Promise<void> {
    await this.#needs.queue.release(claims, availableAt);
  }

  #warn(fault: unknown): void {
    const facts = { channel: this.#needs.carrier.channel, reason: shortReason(fault) };
    this.#needs.logger.warn(facts, "the outbox cannot reach its database");
  }
}
