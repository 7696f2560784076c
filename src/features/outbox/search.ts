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
  /** The place behind which nothing was looked at. */
  #after: Place | undefined;
  /** Those behind items that were taken, as far as known. */
  #next: number[] = [];
  /** Since the start something was taken of which nobody has looked what is behind it. */
  #again = false;

  constructor(
    private readonly queue: Pick<Queue, "due">,
    private readonly channel: string,
  ) {}

  /** Begins anew: what was not free may be by now. */
  restart(): void {
    this.#after = undefined;
  }

  /** Its turn comes next, if nobody takes it before. */
  expect(id: number): void {
    this.#next.push(id);
  }

  /** There may be more behind what was taken. */
  expectMore(): void {
    this.#again = true;
  }

  /** So many that may be free at most; none when there is nothing that is known to be. */
  async candidates(now: Date, most: number): Promise<number[]> {
    const found = this.#next.splice(0, most);
    for (let page = most; found.length < most; page = Math.min(page * 4, MOST_IN_PAGE)) {
      const rows = await this.queue.due(this.channel, now, this.#after, page);
      let last: Place | undefined;
      for (const row of rows) {
        if (found.length === most) break;
        if (row.isHead && !found.includes(row.id)) found.push(row.id);
        last = row;
      }
      this.#after = last ?? this.#after;
      if (rows.length < page && last === rows.at(-1)) {
        this.#turn(now);
        break;
      }
    }
    return found;
  }

  /** At the end: only what comes from now on has not been looked at, unless there is reason to begin anew. */
  #turn(now: Date): void {
    const recent = secondsAfter(now, -LATE_SECONDS);
    if (this.#again) this.restart();
    else if (!this.#after || this.#after.availableAt > recent) this.#after = { id: 0, availableAt: recent };
    this.#again = false;
  }
}
