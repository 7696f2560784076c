import type { Sequelize, Transaction } from "sequelize";
import { type Clock, monotonicMilliseconds, systemClock } from "../platform/clock.js";
import { beyondCall, callSignal, withinCall } from "../platform/deadline.js";
import { type DatabaseAddress, printable, readAddress } from "./address.js";
import { type Direct, directOnFile, directOnMysql, type Value } from "./direct.js";
import { EmbeddedFile } from "./embedded/file.js";
import { CallEnded, DatabaseUnreachable, isRetryable, shortReason } from "./errors.js";
import { pause, retryDelay } from "./retry.js";
import { openEmbedded, openMysql } from "./sequelize.js";
import { committingInterface, internalsOf, transactionInternals } from "./sequelize-internals.js";

export interface DatabaseSettings {
  /** `mysql://user:password@host:port/name?ssl=...` or `sqlite:PATH`; see `readAddress`. */
  readonly url: string;
  /** Connections kept to a MySQL server at most. */
  readonly poolSize: number;
  /** How long a statement, or the wait for a free connection, may last. */
  readonly queryTimeoutMs: number;
  /** How long a write waits for another one (5000 unless given); less than `queryTimeoutMs` to be of use. */
  readonly lockWaitMs?: number;
}

/** What a transaction's work is given. Each of its queries must name `transaction`. */
export interface Tx {
  readonly transaction: Transaction;
  /** Runs `action` once, after the commit; nothing happens when the work is rolled back. Failures are logged. */
  afterCommit(action: () => void | Promise<void>): void;
}

/** The part of a pino logger that is used here. */
export interface DatabaseLogger {
  warn(facts: object, text: string): void;
}

export interface DatabaseNeeds {
  readonly logger?: DatabaseLogger;
  readonly clock?: Clock;
}

/** Prepares a database for use. Connects at the first query. Throws when the URL cannot be read. */
export async function openDatabase(settings: DatabaseSettings, needs: DatabaseNeeds = {}): Promise<Database> {
  return new Database(settings, needs);
}

/** The one database of the process: a pool of connections (MySQL) or a file (SQLite). */
export class Database {
  readonly sequelize: Sequelize;
  readonly dialect: "mysql" | "sqlite";
  readonly clock: Clock;
  readonly #logger: DatabaseLogger | undefined;
  readonly #address: DatabaseAddress;
  readonly #file: EmbeddedFile | undefined;
  readonly #direct: Direct;

  constructor(
    readonly settings: DatabaseSettings,
    { logger, clock = systemClock }: DatabaseNeeds,
  ) {
    this.#address = readAddress(settings.url);
    this.dialect = this.#address.dialect;
    this.clock = clock;
    this.#logger = logger;
    const lockWaitMs = settings.lockWaitMs ?? 5000;
    const limits = { ...settings, lockWaitMs };
    if (this.#address.dialect === "sqlite") {
      // Here the wait for a lock is all that a statement can wait for.
      const waitMs = settings.lockWaitMs ?? Math.min(lockWaitMs, settings.queryTimeoutMs);
      this.#file = new EmbeddedFile(this.#address.path, waitMs);
      this.sequelize = openEmbedded(this.#file, limits);
      this.#direct = directOnFile(this.#file);
    } else {
      this.sequelize = openMysql(this.#address, limits);
      this.#direct = directOnMysql(internalsOf(this.sequelize).connectionManager, settings.queryTimeoutMs);
    }
  }

  /**
   * Runs `work` in one transaction (READ COMMITTED on MySQL, serial on SQLite) and commits. When the database undoes
   * it because of a conflict, `work` is run again from the start, so it must change nothing but the database.
   *
   * Rejects with what `work` throws, with `CallEnded` when the call ends before the commit is sent, and with what the
   * commit throws; after a connection lost at the commit nobody knows whether it happened, so it is not repeated.
   */
  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const began = monotonicMilliseconds();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(work);
      } catch (error) {
        const elapsed = monotonicMilliseconds() - began;
        if (attempt === MOST_ATTEMPTS || elapsed > this.settings.queryTimeoutMs || !isRetryable(error))
          throw error;
        await pause(retryDelay(attempt), callSignal());
      }
    }
  }

  /**
   * The rows of a query that is asked all the time, without what Sequelize does around it. `?` stands for a value. Dates are `Date`;
   * booleans are 0 and 1 on MySQL.
   */
  async read<Row extends object>(sql: string, values: readonly Value[]): Promise<Row[]> {
    return (await this.#direct.read(sql, values)) as Row[];
  }

  /** As `read`, for a statement that writes; answers how many rows it touched. It is a transaction of its own. */
  write(sql: string, values: readonly Value[]): Promise<number> {
    return this.#direct.write(sql, values);
  }

  /** Waits until the database answers, up to `forSeconds`. `onRetry` gets a line to log after each vain attempt. */
  async waitUntilReady({ forSeconds, onRetry }: WaitOptions): Promise<void> {
    const giveUp = monotonicMilliseconds() + forSeconds * 1000;
    for (;;) {
      const failure = await this.#probe(Math.min(this.settings.queryTimeoutMs, 5000));
      if (failure === undefined) return;
      const complaint = `the database at ${printable(this.#address)} does not answer (${failure})`;
      if (MISCONFIGURED.some((code) => failure.includes(code))) throw new DatabaseUnreachable(complaint);
      if (monotonicMilliseconds() + RETRY_SECONDS * 1000 > giveUp) throw new DatabaseUnreachable(complaint);
      onRetry?.(`${complaint}; trying again in ${RETRY_SECONDS} s`);
      await pause(RETRY_SECONDS * 1000, callSignal());
    }
  }

  /** Whether the database answers within a second. */
  async isReachable(): Promise<boolean> {
    return (await this.#probe(1000)) === undefined;
  }

  /** Ends all connections. Queries in flight are waited for. */
  async close(): Promise<void> {
    await beyondCall(() => this.sequelize.close());
    await this.#file?.close();
  }

  async #attempt<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const transaction = await this.sequelize.transaction();
    const followUps: (() => void | Promise<void>)[] = [];
    let result: T;
    try {
      result = await work({ transaction, afterCommit: (action) => followUps.push(action) });
      if (callSignal()?.aborted) throw new CallEnded();
    } catch (error) {
      // Sequelize has rolled back already after a deadlock.
      if (transactionInternals(transaction).finished === undefined) await transaction.rollback();
      throw error;
    }
    await this.#commit(transaction);
    for (const followUp of followUps) await beyondCall(() => this.#follow(followUp));
    return result;
  }

  // As `transaction.commit()`, which writes every failure to the console.
  async #commit(transaction: Transaction): Promise<void> {
    const internals = transactionInternals(transaction);
    try {
      await committingInterface(this.sequelize).commitTransaction(transaction, internals.options);
    } catch (error) {
      await internals.forceCleanup();
      throw error;
    }
    internals.cleanup();
  }

  async #follow(action: () => void | Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#logger?.warn({ err: error }, "an action after a commit failed");
    }
  }

  // Answers what is wrong, in words that are safe to print.
  async #probe(milliseconds: number): Promise<string | undefined> {
    try {
      await withinCall({ signal: AbortSignal.timeout(milliseconds) }, () => this.sequelize.query("SELECT 1"));
      return undefined;
    } catch (error) {
      return error instanceof CallEnded ? `no answer within ${milliseconds} ms` : shortReason(error);
    }
  }
}

export interface WaitOptions {
  readonly forSeconds: number;
  readonly onRetry?: (line: string) => void;
}

/** Answers that do not change by waiting: a wrong password, no rights, no such database. */
const MISCONFIGURED = ["ER_ACCESS_DENIED_ERROR", "ER_DBACCESS_DENIED_ERROR", "ER_BAD_DB_ERROR"];
const MOST_ATTEMPTS = 6;
const RETRY_SECONDS = 1;
