import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type QueryInterface, QueryTypes } from "sequelize";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/database/database.js";
import { isUnavailable } from "../../src/database/errors.js";
import { migrateUp } from "../../src/database/migrate.js";
import { type FreshDatabase, testDatabases } from "../support/databases.js";
import { countAccounts, insertAccount, levelOf, setLevel } from "./accounts-table.js";
import { startProcess } from "./processes/start.js";

let fresh: FreshDatabase;
let database: Database;
let path: string;

const open = (lockWaitMs = 5000): Promise<Database> =>
  openDatabase({ url: `sqlite:${path}`, poolSize: 1, queryTimeoutMs: 200, lockWaitMs });

beforeEach(async () => {
  const kind = testDatabases().find(({ name }) => name === "sqlite");
  if (kind === undefined) throw new Error("these tests are about SQLite: name it in TEST_DATABASES");
  fresh = await kind.create();
  path = `${fresh.url.replace("sqlite:", "")}-folder/own.db`;
  database = await open();
  await migrateUp(database);
});
afterEach(async () => {
  await database.close();
  await fresh.drop();
});

test("file and folder are readable by their owner alone, and closing leaves the one file", async () => {
  await insertAccount(database, "someone");
  const modeOf = (name: string): number => statSync(name).mode & 0o777;
  const modes = [modeOf(dirname(path)), modeOf(path), modeOf(`${path}-wal`)];

  await database.close();

  expect(modes).toEqual([0o700, 0o600, 0o600]);
  expect(existsSync(`${path}-wal`) && statSync(`${path}-wal`).size > 0).toBe(false);
  database = await open();
  expect(await countAccounts(database)).toBe(1);
});

test("many busy flows do not starve timers", async () => {
  const id = await insertAccount(database, "busy");
  let isOver = false;
  const flows = Array.from({ length: 50 }, async () => {
    while (!isOver) await levelOf(database, id);
  });
  const gaps: number[] = [];
  let last = performance.now();
  for (let tick = 0; tick < 40; tick += 1) {
    await sleep(1);
    gaps.push(performance.now() - last);
    last = performance.now();
  }
  isOver = true;
  await Promise.all(flows);

  expect(gaps.toSorted((a, b) => a - b)[20]).toBeLessThan(30);
  expect(Math.max(...gaps)).toBeLessThan(250);
});

test("readers see the state before a transaction while it is open, and do not wait for it", async () => {
  const id = await insertAccount(database, "read");

  await database.transaction(async (tx) => {
    await setLevel(database, id, 5, tx);
    expect(await levelOf(database, id)).toBe(0);
    expect(await levelOf(database, id, tx)).toBe(5);
  });

  expect(await levelOf(database, id)).toBe(5);
});

test("a writer that waits too long is told who holds the file, without any values", async () => {
  const hasty = await open(150);
  const id = await insertAccount(hasty, "gate");

  const refused = hasty.transaction(async (tx) => {
    await setLevel(hasty, id, 1, tx);
    return await insertAccount(hasty, "outside-of-the-transaction").catch((error: unknown) => error);
  });

  const error = await refused;
  expect(isUnavailable(error)).toBe(true);
  expect(String(error)).toMatch(
    /held it for \d+ ms, last at UPDATE (users )?\(a query without its \{ transaction \}/,
  );
  expect(String(error)).not.toContain("outside-of");
  await hasty.close();
});

test("a file that was locked by another process for a while takes and keeps all later writes", async () => {
  const other = await open();
  const hasty = await open(100);
  await insertAccount(hasty, "first");

  await other.transaction(async (tx) => {
    await insertAccount(other, "holder", tx);
    const refusals = await Promise.allSettled([
      insertAccount(hasty, "a"),
      hasty.transaction((own) => insertAccount(hasty, "b", own)),
    ]);
    expect(refusals.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });
  await insertAccount(hasty, "c");
  await hasty.transaction((tx) => insertAccount(hasty, "d", tx));

  expect(await countAccounts(other)).toBe(4);
  await Promise.all([other.close(), hasty.close()]);
});

test("three processes that write to one file at once lose nothing", async () => {
  const writers = ["a", "b", "c"].map((prefix) => startProcess("writer.ts", `sqlite:${path}`, prefix));

  await expect.poll(() => writers.every(({ output }) => output.length > 100), { timeout: 15_000 }).toBe(true);
  for (const writer of writers) writer.child.kill("SIGKILL");
  await Promise.all(writers.map((writer) => writer.ended()));

  const acknowledged = writers.flatMap(({ output }) => output.split("\n").slice(0, -1)).length;
  expect(await countAccounts(database)).toBeGreaterThanOrEqual(2 * acknowledged);
});

test("a transaction that SQLite itself rolled back takes no further statements", async () => {
  const { sequelize } = database;

  const outcome = database.transaction(async (tx) => {
    await insertAccount(database, "gone", tx);
    const conflict =
      "INSERT OR ROLLBACK INTO levels (id, `key`, value, description) VALUES (1, 'a', 'b', 'c')";
    await sequelize.query(conflict, { transaction: tx.transaction }).catch(() => undefined);
    await insertAccount(database, "alone", tx);
  });

  await expect(outcome).rejects.toThrow("SQLite has rolled this transaction back");
  expect(await countAccounts(database)).toBe(0);
  await insertAccount(database, "next");
});

test("a savepoint that is rolled back leaves the transaction around it alone", async () => {
  await database.transaction(async (tx) => {
    await insertAccount(database, "outer", tx);
    await database.sequelize
      .transaction({ transaction: tx.transaction }, async (inner) => {
        await insertAccount(database, "inner", { transaction: inner, afterCommit: () => undefined });
        throw new Error("inner only");
      })
      .catch(() => undefined);
  });

  const uids = await database.sequelize.query("SELECT uid FROM users", { type: QueryTypes.SELECT });
  expect(uids).toEqual([{ uid: "outer" }]);
});

test.each<[string, (queries: QueryInterface) => Promise<unknown>]>([
  ["changeColumn", (queries) => queries.changeColumn("users", "uid", { type: "TEXT" })],
  ["renameColumn", (queries) => queries.renameColumn("users", "uid", "other")],
  ["removeColumn", (queries) => queries.removeColumn("users", "uid")],
  ["addConstraint", (queries) => queries.addConstraint("users", { fields: ["uid"], type: "unique" })],
])("%s, which would delete the rows of referring tables, is refused", async (_name, change) => {
  await expect(change(database.sequelize.getQueryInterface())).rejects.toThrow("loses data");
});

test.each([
  ["true", true, 1],
  ["false", false, 0],
  ["an integer in a text column", 5, "5"],
  ["an integer above 2^53", 9007199254740993n, "9007199254740993"],
  ["a fraction", 2.5, 2.5],
  ["null", null, null],
])("%s can be bound and read", async (_name, value, expected) => {
  await database.sequelize.query("CREATE TABLE IF NOT EXISTS bound (any_value, as_text TEXT)");
  const column = typeof expected === "string" && typeof value === "number" ? "as_text" : "any_value";

  await database.sequelize.query(`INSERT INTO bound (${column}) VALUES ($value)`, { bind: { value } });

  const rows = await database.sequelize.query(`SELECT ${column} AS value FROM bound`, {
    type: QueryTypes.SELECT,
  });
  expect(rows).toEqual([{ value: expected }]);
});

test("a parameter that is missing is an error, not null", async () => {
  const query = database.sequelize.query("UPDATE users SET level = $level WHERE uid = $uid", {
    bind: { level: 1 },
  });

  await expect(query).rejects.toThrow("uid");
});
