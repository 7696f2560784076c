import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/database/database.js";
import { CallEnded, DatabaseUnreachable, isUnavailable, QueryTimeout } from "../../src/database/errors.js";
import { withinCall } from "../../src/platform/deadline.js";
import { openMigrated, testDatabases } from "../support/databases.js";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.js";
import { countAccounts, insertAccount } from "./accounts-table.js";

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

test("a server that is not there is reported without its password", async () => {
  const url = "mysql://somebody:hunter2@127.0.0.1:1/name";
  const database = await openDatabase({ url, poolSize: 1, queryTimeoutMs: 500 });
  const lines: string[] = [];

  const error = await failureOf(database.sequelize.query("SELECT 1"));
  const unreachable = await failureOf(
    database.waitUntilReady({ forSeconds: 1.5, onRetry: (line) => lines.push(line) }),
  );

  expect(isUnavailable(error)).toBe(true);
  expect(await database.isReachable()).toBe(false);
  expect(unreachable).toBeInstanceOf(DatabaseUnreachable);
  expect(lines).toEqual([
    "the database at mysql://127.0.0.1:1/name does not answer (ECONNREFUSED); trying again in 1 s",
  ]);
  expect(inspect([error, unreachable, lines], { depth: 9 })).not.toContain("hunter2");
  await database.close();
});

test.each([
  "mysql://u:hunter2@host",
  "postgres://u:hunter2@host/x",
  "mysql://u:hunter2@host/x?sll=true",
  "sqlite:",
])("the unusable address %s is refused without repeating its password", async (url) => {
  const error = await failureOf(openDatabase({ url, poolSize: 1, queryTimeoutMs: 500 }));

  expect(error).toBeInstanceOf(Error);
  expect(inspect(error)).not.toContain("hunter2");
});

const onServer = testDatabases().filter(({ name }) => name === "mysql");

describe.each(onServer)("the network to a server", (kind) => {
  let opened: Awaited<ReturnType<typeof openMigrated>>;
  let proxy: TcpProxy;
  let database: Database;

  beforeEach(async () => {
    opened = await openMigrated(kind);
    const { hostname, port } = new URL(opened.url);
    proxy = await startTcpProxy({ host: hostname, port: Number(port || 3306) });
    const url = new URL(opened.url);
    url.port = String(proxy.port);
    database = await openDatabase({ url: url.href, poolSize: 3, queryTimeoutMs: 600 });
    await countAccounts(database);
  });
  afterEach(async () => {
    await database.close();
    await proxy.close();
    await opened.close();
  });

  const burst = (): Promise<unknown[]> =>
    Promise.all(Array.from({ length: 8 }, () => failureOf(countAccounts(database))));

  test("that swallows everything ends in a timeout, and works again by itself", async () => {
    proxy.blackhole = true;
    const began = performance.now();
    const errors = await burst();
    const lasted = performance.now() - began;
    const wasReachable = await database.isReachable();
    proxy.blackhole = false;

    expect(errors.every(isUnavailable)).toBe(true);
    expect(lasted).toBeLessThan(3000);
    expect(wasReachable).toBe(false);
    await database.waitUntilReady({ forSeconds: 5 });
    expect(await burst()).toEqual(Array(8).fill(undefined));
    expect(proxy.connections()).toBeLessThanOrEqual(3);
  });

  test("that resets all connections fails what runs, and works again at once", async () => {
    const running = failureOf(database.sequelize.query("SELECT SLEEP(0.4)"));
    const transaction = failureOf(
      database.transaction(async (tx) => {
        await insertAccount(database, "lost", tx);
        proxy.resetAll();
        await insertAccount(database, "after", tx);
      }),
    );

    expect(isUnavailable(await running)).toBe(true);
    expect(isUnavailable(await transaction)).toBe(true);
    expect(await burst()).toEqual(Array(8).fill(undefined));
    expect(await countAccounts(database)).toBe(0);
  });

  test("that is down refuses quickly, and works again when it is up", async () => {
    proxy.down = true;
    proxy.resetAll();
    const errors = await burst();
    proxy.down = false;

    expect(errors.every(isUnavailable)).toBe(true);
    // A connection attempt from before may still fail and be handed to somebody who asks now.
    await expect.poll(burst).toEqual(Array(8).fill(undefined));
  });

  test("lost at the commit is reported, and the work is not done twice", async () => {
    let attempts = 0;

    const error = await failureOf(
      database.transaction(async (tx) => {
        attempts += 1;
        await insertAccount(database, "unknown", tx);
        proxy.blackhole = true;
      }),
    );
    proxy.blackhole = false;

    expect(error).toBeInstanceOf(QueryTimeout);
    expect(attempts).toBe(1);
    await database.waitUntilReady({ forSeconds: 5 });
  });

  test("a commit that has been sent is not cut by the end of its call", async () => {
    const call = new AbortController();
    let attempts = 0;

    const committing = withinCall({ signal: call.signal }, () =>
      database.transaction(async (tx) => {
        attempts += 1;
        await insertAccount(database, "kept", tx);
        proxy.latency = 200;
        setTimeout(() => call.abort(), 50);
      }),
    );

    await committing;
    expect(call.signal.aborted).toBe(true);
    expect(attempts).toBe(1);
    proxy.latency = 0;
    expect(await countAccounts(database)).toBe(1);
  });

  test("a query that sleeps on the server ends with its call, and its connection is not used again", async () => {
    const patient = await openDatabase({ url: opened.url, poolSize: 1, queryTimeoutMs: 8000 });
    const before = await patient.sequelize.query("SELECT CONNECTION_ID() AS id", { plain: true });
    const began = performance.now();

    const error = await failureOf(
      withinCall({ signal: AbortSignal.timeout(100) }, () => patient.sequelize.query("SELECT SLEEP(5)")),
    );

    expect(error).toBeInstanceOf(CallEnded);
    expect(performance.now() - began).toBeLessThan(1000);
    expect(await patient.sequelize.query("SELECT CONNECTION_ID() AS id", { plain: true })).not.toEqual(
      before,
    );
    await patient.close();
  });

  test("a wrong password is reported without it", async () => {
    const url = new URL(opened.url);
    url.username = "nobody";
    url.password = "hunter2";
    const stranger = await openDatabase({ url: url.href, poolSize: 1, queryTimeoutMs: 1000 });

    const error = await failureOf(stranger.sequelize.query("SELECT 1"));

    expect(error).toBeInstanceOf(Error);
    expect(inspect(error, { depth: 9 })).not.toContain("hunter2");
    await stranger.close();
  });

  test("sessions are strict, in UTC and READ COMMITTED, whatever the server's settings", async () => {
    const row = await database.sequelize.query(
      "SELECT @@time_zone AS zone, @@sql_mode AS mode, @@innodb_lock_wait_timeout AS wait, @@character_set_client AS charset",
      { plain: true },
    );
    const [isolation] = await database.sequelize.query(
      "SHOW VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation')",
    );

    expect(row).toMatchObject({ zone: "+00:00", wait: 5, charset: "utf8mb4" });
    expect(row).toHaveProperty("mode", expect.stringContaining("STRICT_TRANS_TABLES"));
    expect(inspect(isolation)).toContain("READ-COMMITTED");
  });
});
