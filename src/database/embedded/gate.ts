import { monotonicMilliseconds } from "../../platform/clock.js";
import { CallEnded } from "../errors.js";
import { EmbeddedError } from "./embedded-error.js";

/**
 * Lets one writer at a time into a SQLite file, in the order of asking. Waiting costs no handle and blocks no thread.
 * A writer that waits longer than `lockWaitMs` is refused with SQLITE_BUSY and told who holds the gate.
 */
export class WriteGate {
  #holder: { purpose: string; since: number } | undefined;
  readonly #waiting: Waiter[] = [];

  constructor(private readonly lockWaitMs: number) {}

  async take(sql: string, signal: AbortSignal | undefined): Promise<void> {
    if (this.#holder === undefined) return this.#hold(sql);
    await new Promise<void>((resolve, reject) => {
      const leave = (error: Error): void => {
        const place = this.#waiting.indexOf(waiter);
        if (place === -1) return;
        this.#waiting.splice(place, 1);
        waiter.settle();
        reject(error);
      };
      const timer = setTimeout(() => leave(this.#refusal()), this.lockWaitMs);
      const onAbort = (): void => leave(new CallEnded());
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      const waiter: Waiter = { sql, settle, enter: resolve };
      this.#waiting.push(waiter);
    });
  }

  /** Remembers what the holder does at present, for the refusal of those who wait too long. */
  note(sql: string): void {
    if (this.#holder !== undefined) this.#holder.purpose = sql;
  }

  give(): void {
    this.#holder = undefined;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    next.settle();
    this.#hold(next.sql);
    next.enter();
  }

  #hold(sql: string): void {
    this.#holder = { purpose: sql, since: monotonicMilliseconds() };
  }

  #refusal(): EmbeddedError {
    const held = Math.round(monotonicMilliseconds() - (this.#holder?.since ?? 0));
    const holder = outlineOf(this.#holder?.purpose ?? "");
    return new EmbeddedError(
      `database is locked: waited ${this.lockWaitMs} ms for a writer that has held it for ${held} ms, ` +
        `last at ${holder} (a query without its { transaction }, or slow work inside a transaction?)`,
      "SQLITE_BUSY",
    );
  }
}

interface Waiter {
  readonly sql: string;
  readonly settle: () => void;
  readonly enter: () => void;
}

// Verb and table only: the rest of a statement may hold values that do not belong into a log.
function outlineOf(sql: string): string {
  const verb = /[a-z]+/i.exec(sql)?.[0]?.toUpperCase() ?? "?";
  const table = /`(\w+)`/.exec(sql)?.[1];
  return table === undefined ? verb : `${verb} ${table}`;
}
