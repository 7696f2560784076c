import { expect } from "vitest";
import { secondsAfter } from "../../src/platform/clock.js";

interface Waits {
  /** The clock of the server. */
  readonly now: { moment: Date };
  readonly outbox: { kick(): void };
}

/** What is so some seconds later: a second passes between two looks, and what is due by then leaves. */
export const secondsLater = <T>({ now, outbox }: Waits, look: () => T) =>
  expect.poll(
    () => {
      now.moment = secondsAfter(now.moment, 1);
      // Its own poll is as often as the real clock says.
      outbox.kick();
      return look();
    },
    { timeout: 5000 },
  );
