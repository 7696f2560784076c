import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/database/database.js";
import { CallEnded, isUnavailable } from "../../src/database/errors.js";
import { withinCall } from "../../src/platform/deadline.js";
import { describeEachDatabase, openMigrated } from "../support/databases.js";
import { countAccounts, insertAccount, levelOf, setLevel } from "./accounts-table.js";

const within = <T>(milliseconds: number, work: () => Promise<T>): Promise<T> =>
  withinCall({ signal: AbortSignal.timeout(milliseconds) }, work);

async function timed(work: Promise<unknown>): Promise<{ error: unknown; milliseconds: number }> {
  const began = performance.now();
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, milliseconds: performance.now() - began };
}

describeEachDatabase("the end of a call", (kind) => {
  let opened: Awaited<ReturnType<typeof openMigrated>>;
  let database: Database;

  beforeAll(async () => {
    opened = await openMigrated(kind, { poolSize: 2 });
    database = opened.database;
  });
  afterAll(() => opened.close());

  /** Keeps the account's row (SQLite: the file) locked until the answered function is called. */
  async function lockRow(id: number): Promise<() => Promise<void>> {
    const other = await openDatabase({ url: opened.url, poolSize: 1, queryTimeoutMs: 10_000 });
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let holding: Promise<void> = Promise.resolve();
    await new Promise<void>((locked) => {
      holding = other.transaction(async (tx) => {
        await setLevel(other, id, 1, tx);
        locked();
        await released;
      });
    });
    return async () => {
      release();
      await holding;
      await other.close();
    };
  }

  test("before a query keeps the query from being started", async () => {
    const ended = AbortSignal.abort();

    const query = withinCall({ signal: ended }, () => insertAccount(database, "never"));
    const transaction = withinCall({ signal: ended }, () =>
      database.transaction((tx) => insertAccount(database, "never", tx)),
    );

    await expect(query).rejects.toBeInstanceOf(CallEnded);
    await expect(transaction).rejects.toBeInstanceOf(CallEnded);
    expect(await countAccounts(database)).toBe(0);
  });

  test("while its statement waits for a lock rejects at once and undoes the transaction", async () => {
    const id = await insertAccount(database, "locked");
    const unlock = await lockRow(id);

    const { error, milliseconds } = await timed(
      within(100, () =>
        database.transaction(async (tx) => {
          await setLevel(database, id, 9, tx);
        }),
      ),
    );

    expect(error).toBeInstanceOf(CallEnded);
    expect(milliseconds).toBeLessThan(1000);
    await unlock();
    expect(await levelOf(database, id)).toBe(1);
  });

  test("while waiting for its turn rejects at once and leaves nothing taken", async () => {
    const id = await insertAccount(database, "queued");
    const unlock = await lockRow(id);
    const blocked = [1, 2].map((level) =>
      database.transaction((tx) => setLevel(database, id, level + 1, tx)),
    );
    await sleep(50);

    const { error, milliseconds } = await timed(
      within(100, () => database.transaction((tx) => setLevel(database, id, 9, tx))),
    );

    expect(error).toBeInstanceOf(CallEnded);
    expect(milliseconds).toBeLessThan(1000);
    await unlock();
    await Promise.all(blocked);
    await database.transaction((tx) => setLevel(database, id, 5, tx));
    expect(await levelOf(database, id)).toBe(5);
  });

  test("between two statements rolls back what the first one did", async () => {
    const before = await countAccounts(database);
    const call = new AbortController();

    const outcome = withinCall({ signal: call.signal }, () =>
      database.transaction(async (tx) => {
        await insertAccount(database, "half", tx);
        call.abort();
        await insertAccount(database, "whole", tx);
      }),
    );

    await expect(outcome).rejects.toBeInstanceOf(CallEnded);
    expect(await countAccounts(database)).toBe(before);
  });

  test("after the last statement, before the commit, rolls back too", async () => {
    const before = await countAccounts(database);
    const call = new AbortController();

    const outcome = withinCall({ signal: call.signal }, () =>
      database.transaction(async (tx) => {
        await insertAccount(database, "last", tx);
        call.abort();
      }),
    );

    await expect(outcome).rejects.toBeInstanceOf(CallEnded);
    expect(await countAccounts(database)).toBe(before);
  });

  test("at any moment of a transaction leaves all of it or nothing, and the database healthy", async () => {
    const before = await countAccounts(database);
    const pairs = Array.from({ length: 60 }, (_, index) =>
      timed(
        within(index % 12, () =>
          database.transaction(async (tx) => {
            await insertAccount(database, `left-${index}`, tx);
            await sleep(index % 5);
            await insertAccount(database, `right-${index}`, tx);
          }),
        ),
      ),
    );

    const outcomes = await Promise.all(pairs);

    const succeeded = outcomes.filter(({ error }) => error === undefined).length;
    expect(outcomes.every(({ error }) => error === undefined || error instanceof CallEnded)).toBe(true);
    expect(await countAccounts(database)).toBe(before + 2 * succeeded);
    await Promise.all(Array.from({ length: 10 }, () => countAccounts(database)));
  });

  test("a lock that is never released answers an error that says: try again later", async () => {
    const id = await insertAccount(database, "stuck");
    const unlock = await lockRow(id);
    const hasty = await openDatabase({ url: opened.url, poolSize: 1, queryTimeoutMs: 900, lockWaitMs: 300 });

    const { error } = await timed(hasty.transaction((tx) => setLevel(hasty, id, 3, tx)));

    expect(isUnavailable(error)).toBe(true);
    await unlock();
    await hasty.transaction((tx) => setLevel(hasty, id, 4, tx));
    expect(await levelOf(database, id)).toBe(4);
    await hasty.close();
  });
});
