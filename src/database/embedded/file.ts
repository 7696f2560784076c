import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { monotonicMilliseconds } from "../../platform/clock.js";
import { CallEnded } from "../errors.js";
import { EmbeddedError } from "./embedded-error.js";
import { fairTurn } from "./fair-turn.js";
import { WriteGate } from "./gate.js";
import { Handle, type Outcome } from "./handle.js";

/**
 * A SQLite file in use: one handle for reading outside of transactions, one for whoever has the gate.
 * Transactions that wait cost nothing, readers never wait (WAL).
 */
export class EmbeddedFile {
  readonly gate: WriteGate;
  #opening: Promise<Handles> | undefined;

  constructor(
    readonly path: string,
    private readonly lockWaitMs: number,
  ) {
    this.gate = new WriteGate(lockWaitMs);
  }

  /** Opens the file once, creating it readable by its owner alone. */
  open(): Promise<Handles> {
    this.#opening ??= this.#open().catch((error) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  /** Runs `statement`, again and again while another process holds the file, without blocking this one. */
  async step(statement: () => Outcome, signal: AbortSignal | undefined): Promise<Outcome> {
    const giveUp = monotonicMilliseconds() + this.lockWaitMs;
    for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
      if (signal?.aborted) throw new CallEnded();
      await fairTurn();
      try {
        return statement();
      } catch (error) {
        if (!isBusy(error)) throw error;
        if (monotonicMilliseconds() >= giveUp) throw lockedElsewhere(this.lockWaitMs);
      }
      await sleep(pause, undefined, signal && { signal }).catch(() => undefined);
    }
  }

  /** Moves what is in the write-ahead log into the file, so that the file alone is the database again. */
  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    const handles = await opening?.catch(() => undefined);
    if (handles === undefined) return;
    handles.reader.close();
    try {
      handles.writer.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (error) {
      // Another process reads or writes at this moment; its own close does the work.
      if (!isBusy(error)) throw error;
    } finally {
      handles.writer.close();
    }
  }

  async #open(): Promise<Handles> {
    createPrivately(this.path);
    const handles = { reader: new Handle(this.path), writer: new Handle(this.path) };
    try {
      for (const handle of Object.values(handles)) {
        for (const sql of SETTINGS) await this.step(() => handle.exec(sql), undefined);
      }
    } catch (error) {
      for (const handle of Object.values(handles)) handle.close();
      throw error;
    }
    return handles;
  }
}

export interface Handles {
  readonly reader: Handle;
  readonly writer: Handle;
}

// A busy timeout would block the event loop; we wait ourselves. NORMAL survives the death of the process.
const SETTINGS = [
  "PRAGMA busy_timeout = 0",
  "PRAGMA journal_mode = WAL",
  "PRAGMA synchronous = NORMAL",
  "PRAGMA foreign_keys = ON",
];

// Only a missing file is touched: closing any descriptor of a file drops the locks SQLite has on it in this process.
function createPrivately(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (existsSync(path)) return;
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    const createdMeanwhile = error instanceof Error && "code" in error && error.code === "EEXIST";
    if (!createdMeanwhile) throw error;
  }
}

const isBusy = (error: unknown): boolean => error instanceof EmbeddedError && error.code === "SQLITE_BUSY";

const lockedElsewhere = (waited: number): EmbeddedError =>
  new EmbeddedError(
    `database is locked: another process has held it for more than ${waited} ms`,
    "SQLITE_BUSY",
  );
