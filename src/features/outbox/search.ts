import { secondsAfter } from "../../platform/clock.js";
import type { Place, Queue } from "./queue.js";

/** Rows that wait behind others of their account are stepped over in pages of so many at most. */
const MOST_IN_PAGE = 1000;

/** How long after its moment a row may come to be seen: what is written in a transaction is seen after its commit. */
const LATE_SECONDS = 10;

/**
 * Looks for items that can be taken, and goes on where it stopped: so that a backlog is read once, however many of its rows wait behind
 * others of their account.
 */
export class Search {
  readonly #queue: Pick<Queue, "due">;
  readonly #channel: string;
  #isAnew = true;
  /** What is before it was looked at. */
  #after: Place | undefined;
  /** Those behind items that have left. */
  readonly #next: number[] = [];
  /** Something was taken of which nobody has looked what is behind it. */
  #hasMore = false;

  constructor(queue: Pick<Queue, "due">, channel: string) {
    this.#queue = queue;
    this.#channel = channel;
  }

  /** What was not free may be by now. */
  beginAnew(): void {
    this.#isAnew = true;
  }

  /** Its turn has come, if nobody has taken it. */
  expect(id: number): void {
    this.#next.push(id);
  }

  /** There may be something behind what was taken. */
  expectMore(): void {
    this.#hasMore = true;
  }

  /** Ids of so many that may be free at most; of none when none is known to be. */
  async candidates(now: Date, most: number): Promise<number[]> {
    const found = new Set(this.#next.splice(0, most));
    for (let page = most; found.size < most; page = Math.min(page * 4, MOST_IN_PAGE)) {
      if (this.#isAnew) this.#after = undefined;
      this.#isAnew = false;
      const rows = await this.#queue.due(this.#channel, now, this.#after, page);
      for (const row of rows) {
        if (found.size === most) return [...found];
        if (row.isHead) found.add(row.id);
        this.#after = row;
      }
      if (rows.length < page) {
        this.#turn(now);
        if (found.size > 0 || !this.#isAnew) break;
      }
    }
    return [...found];
  }

  /** At the end: what comes from now on is all that was not looked at. */
  #turn(now: Date): void {
    const recent = secondsAfter(now, -LATE_SECONDS);
    if (!this.#after || this.#after.availableAt > recent) this.#after = { id: 0, availableAt: recent };
    this.#isAnew ||= this.#hasMore;
    this.#hasMore = false;
  }
}
