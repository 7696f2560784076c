import type { Database } from "../../database/database.js";
import { shortReason } from "../../database/errors.js";
import { beyondCall } from "../../platform/deadline.js";
import type { Logger } from "../../platform/logger.js";
import type { Places } from "./place-store.js";
import type { EventStore } from "./store.js";

export interface PlacingNeeds {
  readonly database: Database;
  readonly store: Pick<EventStore, "hasUnplaced" | "place" | "places">;
  readonly logger: Logger;
  readonly pollMs: number;
}

/** Events that get their places in one transaction. */
const CHUNK = 500;

/** Gives events their places while somebody reads them, and tells the readers how far that is. */
export function createPlacing({ database, store, logger, pollMs }: PlacingNeeds) {
  const waiting = new Set<() => void>();
  let known: Places = { epoch: "", given: 0, pruned: 0 };
  let poll: NodeJS.Timeout | undefined;
  let isTroubled = false;
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  async function look(): Promise<void> {
    if (await store.hasUnplaced())
      while ((await database.transaction((tx) => store.place(CHUNK, tx))) === CHUNK);
    const before = known;
    known = await store.places();
    // Also when they have gone back: the database was restored under its readers.
    if (known.given !== before.given || known.epoch !== before.epoch) wakeAll();
  }

  /** Resolves when all that was committed before has its place: a look that has begun may have missed it. */
  function now(): Promise<void> {
    if (running === undefined) {
      // For all readers, none of whom may end it for the others.
      running = beyondCall(look).finally(() => {
        running = undefined;
      });
      return running;
    }
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return now();
      });
    return next;
  }

  async function pollOnce(): Promise<void> {
    try {
      await now();
      isTroubled = false;
    } catch (fault) {
      if (!isTroubled) logger.warn({ reason: shortReason(fault) }, "events cannot be read from the database");
      isTroubled = true;
    }
  }

  function wakeAll(): void {
    for (const wake of [...waiting]) wake();
  }

  return {
    now,
    wakeAll,

    /** As of the last look; of no log before the first one. */
    get places(): Places {
      return known;
    },

    /** Waits for something behind a place, so long at most; also ends with the signal, and with `wakeAll`. */
    async beyond(position: number, milliseconds: number, signal: AbortSignal): Promise<void> {
      if (known.given > position || signal.aborted) return;
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          signal.removeEventListener("abort", wake);
          waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, Math.max(0, milliseconds));
        signal.addEventListener("abort", wake, { once: true });
        waiting.add(wake);
      });
    },

    start(): void {
      poll ??= beyondCall(() => setInterval(() => void pollOnce(), pollMs));
    },

    stop(): void {
      clearInterval(poll);
      poll = undefined;
    },
  };
}
