import { QueryTypes } from "sequelize";
import { expect, onTestFinished } from "vitest";
import type { Database } from "../../src/database/database.js";
import { createOutbox, type Parcel } from "../../src/features/outbox/outbox.js";
import { createOutboxStore } from "../../src/features/outbox/store.js";
import { systemClock } from "../../src/platform/clock.js";
import { printKeyRing } from "../../src/platform/key-ring.js";
import { silentLogger } from "../../src/platform/logger.js";
import { createVault } from "../../src/platform/secrets.js";
import { openMigrated, type TestDatabase } from "../support/databases.js";
import { PASSWORD } from "../support/start-app.js";
import { type Environment, freshFolder, ServerProcess } from "./server-process.js";

const KEYS = [{ id: "test", key: Buffer.from(Array.from({ length: 32 }, (_, at) => at)) }];

/** So long an heir waits for what a killed process had taken; the least that may be set. */
export const LEASE_SECONDS = 10;

/** How many rows there are in each state. */
export type Counts = Readonly<Record<string, number>>;

/** Which rows are counted: servers also tell what they do themselves. */
export type Which = { readonly channel: string } | { readonly topic: string };

const columnOf = (what: Which): string => ("topic" in what ? "topic" : "channel");
const nameOf = (what: Which): string => ("topic" in what ? what.topic : what.channel);

/**
 * A database with accounts, server processes on it as they are wanted, and this process, which posts as they do and delivers nothing. All of
 * it is gone when the test has ended.
 */
export async function startHouse(kind: TestDatabase, environment: Environment = {}) {
  const { database, url, close } = await openMigrated(kind);
  onTestFinished(close);
  const folder = await freshFolder();
  const outbox = createOutbox({
    database,
    store: createOutboxStore(database),
    vault: createVault(KEYS),
    clock: systemClock,
    logger: silentLogger,
  });
  return {
    /** Starts a process. On the house's database unless another address of it is given. */
    server: (more: Environment = {}): ServerProcess =>
      new ServerProcess({
        DATABASE_URL: url,
        DATA_DIR: folder,
        ADMIN_PASSWORD: PASSWORD,
        SECRETS_KEYS: printKeyRing(KEYS),
        RATE_LIMITS: "false",
        OUTBOX_LEASE_SECONDS: String(LEASE_SECONDS),
        // Nobody is texted here.
        ...{ TWILIO_ACCOUNT_SID: "AC0", TWILIO_AUTH_TOKEN: "token", TWILIO_PHONE_NUMBER: "+15005550006" },
        ...environment,
        ...more,
      }),
    accounts: (count: number): Promise<number[]> => accountsIn(database, count),
    /** In one transaction. */
    post: (parcels: readonly Parcel[]): Promise<void> =>
      database.transaction(async (tx) => {
        for (const parcel of parcels) await outbox.post(tx, parcel);
      }),
    async counts(what: Which): Promise<Counts> {
      const rows = await database.sequelize.query<{ state: string; count: number }>(
        `SELECT state, COUNT(*) AS count FROM outbox WHERE ${columnOf(what)} = $1 GROUP BY state`,
        { bind: [nameOf(what)], type: QueryTypes.SELECT },
      );
      return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]));
    },
    /** How often what waits was tried: each number once. */
    async attempts(what: Which): Promise<number[]> {
      const rows = await database.sequelize.query<{ attempts: number }>(
        `SELECT DISTINCT attempts FROM outbox WHERE ${columnOf(what)} = $1 AND state = 'waiting' AND leased_until IS NULL`,
        { bind: [nameOf(what)], type: QueryTypes.SELECT },
      );
      return rows.map(({ attempts }) => attempts);
    },
    url,
  };
}

export type House = Awaited<ReturnType<typeof startHouse>>;

/** Waits until there are so many rows in each state, and no others. */
export const untilCounts = (house: House, what: Which, counts: Counts): Promise<void> =>
  expect.poll(() => house.counts(what), { timeout: 60_000, interval: 100 }).toEqual(counts);

/** So many of them each as the consumer counts them: by their name. */
export function copiesOf(names: readonly string[]): Map<string, number> {
  const copies = new Map<string, number>();
  for (const name of names) copies.set(name, (copies.get(name) ?? 0) + 1);
  return copies;
}

async function accountsIn({ sequelize }: Database, count: number): Promise<number[]> {
  const now = systemClock();
  const digits = (at: number) => String(at).padStart(8, "0");
  await sequelize.getQueryInterface().bulkInsert(
    "users",
    Array.from({ length: count }, (_, at) => ({
      uid: `ID77${digits(at)}`,
      email: `member-${digits(at)}@example.com`,
      password_digest: "-",
      created_at: now,
      updated_at: now,
    })),
  );
  const rows = await sequelize.query<{ id: number }>(
    "SELECT id FROM users WHERE uid LIKE 'ID77%' ORDER BY id",
    { type: QueryTypes.SELECT },
  );
  return rows.map(({ id }) => Number(id));
}
