import { setTimeout as sleep } from "node:timers/promises";
import { shortReason } from "../../database/errors.js";
import type { Clock } from "../../platform/clock.js";
import type { Logger } from "../../platform/logger.js";
import type { Claim, Queue } from "./queue.js";

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 2000;

export interface SentNotesNeeds {
  readonly queue: Pick<Queue, "markSent">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Notes what was sent, all that was sent at the same time in one statement. Does not give up while the database is away: what is not
 * noted is sent again.
 */
export class SentNotes {
  readonly #needs: SentNotesNeeds;
  #waiting: Claim[] = [];
  #writing: Promise<readonly number[]> | undefined;
  #isOver = false;

  constructor(needs: SentNotesNeeds) {
    this.#needs = needs;
  }

  /** Resolves when it is noted, with whether the claim was not lost. Rejects after `giveUp`, when the database is away. */
  async note(claim: Claim): Promise<boolean> {
    this.#waiting.push(claim);
    this.#writing ??= this.#write();
    return !(await this.#writing).includes(claim.id);
  }

  /** From now on every note is tried once. */
  giveUp(): void {
    this.#isOver = true;
  }

  /** Answers the ids of those that were lost. */
  async #write(): Promise<readonly number[]> {
    await new Promise((resolve) => setImmediate(resolve));
    const claims = this.#waiting;
    this.#waiting = [];
    // From here on others begin the next statement.
    this.#writing = undefined;
    const { queue, clock, logger } = this.#needs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        return await queue.markSent(claims, clock());
      } catch (fault) {
        if (this.#isOver) throw fault;
        if (pause === LONGEST_PAUSE_MS)
          logger.warn(
            { reason: shortReason(fault), parcels: claims.length },
            "what was sent cannot be noted",
          );
        await sleep(pause);
      }
    }
  }
}
