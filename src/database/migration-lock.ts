import { createHash } from "node:crypto";
import { QueryTypes, type Sequelize, type Transaction } from "sequelize";
import { monotonicMilliseconds } from "../platform/clock.js";
import type { Database } from "./database.js";
import { DatabaseUnreachable, isRetryable } from "./errors.js";
import { pause } from "./retry.js";

/**
 * Runs `work` while no other process migrates this database. The lock goes when the process that has it dies.
 *
 * On SQLite it is one write transaction around everything, so `work` must pass it on; a migration is then applied as a
 * whole or not at all. On MySQL, where every step commits by itself, it is a named lock of one connection (so it holds
 * between all clients of one server) and the transaction is null.
 */
export function withMigrationLock<T>(
  database: Database,
  work: (transaction: Transaction | null) => Promise<T>,
): Promise<T> {
  return database.dialect === "mysql"
    ? withNamedLock(database.sequelize, work)
    : withWriteLock(database, work);
}

async function withWriteLock<T>(
  database: Database,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  const giveUp = monotonicMilliseconds() + PATIENCE_MS;
  for (;;) {
    let started = false;
    try {
      return await database.transaction(({ transaction }) => {
        started = true;
        return work(transaction);
      });
    } catch (error) {
      if (started || !isRetryable(error)) throw error;
      if (monotonicMilliseconds() > giveUp) throw new DatabaseUnreachable(TOO_LONG);
    }
    await pause(100, undefined);
  }
}

async function withNamedLock<T>(sequelize: Sequelize, work: (transaction: null) => Promise<T>): Promise<T> {
  // The transaction is only a way to keep one connection out of the pool for as long as the lock is needed.
  const keeper = await sequelize.transaction();
  try {
    await sequelize.query("SET SESSION wait_timeout = 86400", { transaction: keeper });
    await takeNamedLock(sequelize, keeper, await lockName(sequelize, keeper));
    return await work(null);
  } finally {
    // A lost connection has released its locks already.
    await sequelize.query("DO RELEASE_ALL_LOCKS()", { transaction: keeper }).catch(() => undefined);
    await keeper.rollback();
  }
}

async function takeNamedLock(sequelize: Sequelize, keeper: Transaction, name: string): Promise<void> {
  const giveUp = monotonicMilliseconds() + PATIENCE_MS;
  do {
    const [row] = await sequelize.query<{ taken: number | null }>("SELECT GET_LOCK($name, 5) AS taken", {
      bind: { name },
      type: QueryTypes.SELECT,
      transaction: keeper,
    });
    if (row?.taken === 1) return;
  } while (monotonicMilliseconds() < giveUp);
  throw new DatabaseUnreachable(TOO_LONG);
}

// Locks are named per server and not per database, and names end at 64 characters.
async function lockName(sequelize: Sequelize, keeper: Transaction): Promise<string> {
  const [row] = await sequelize.query<{ name: string }>("SELECT DATABASE() AS name", {
    type: QueryTypes.SELECT,
    transaction: keeper,
  });
  const digest = createHash("sha256")
    .update(row?.name ?? "")
    .digest("hex");
  return `barong.migrate.${digest.slice(0, 32)}`;
}

const PATIENCE_MS = 600_000;
const TOO_LONG = "another process has been migrating the database for more than ten minutes";
