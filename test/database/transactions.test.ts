import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/database/database.js";
import { describeEachDatabase, openMigrated } from "../support/databases.js";
import { countAccounts, insertAccount, levelOf, setLevel } from "./accounts-table.js";

describeEachDatabase("transactions", (kind) => {
  let opened: Awaited<ReturnType<typeof openMigrated>>;
  let database: Database;
  const warnings: string[] = [];

  beforeAll(async () => {
    const logger = { warn: (_facts: object, text: string) => warnings.push(text) };
    opened = await openMigrated(kind, {}, { logger });
    database = opened.database;
  });
  afterAll(() => opened.close());

  test("120 transactions that overlap lose no update and leave the event loop free", async () => {
    const id = await insertAccount(database, "counter");
    const delays: number[] = [];
    let last = performance.now();
    const ticker = setInterval(() => {
      delays.push(performance.now() - last);
      last = performance.now();
    }, 1);

    await Promise.all(
      Array.from({ length: 120 }, () =>
        database.transaction(async (tx) => {
          const level = await levelOf(database, id, tx);
          await sleep(1);
          await setLevel(database, id, level + 1, tx);
        }),
      ),
    );

    clearInterval(ticker);
    expect(await levelOf(database, id)).toBe(120);
    expect(Math.max(...delays)).toBeLessThan(250);
  });

  test("what failed work has written is rolled back, and its error arrives unchanged", async () => {
    const failure = new Error("no");
    const before = await countAccounts(database);

    const outcome = database.transaction(async (tx) => {
      await insertAccount(database, "undone", tx);
      throw failure;
    });

    await expect(outcome).rejects.toBe(failure);
    expect(await countAccounts(database)).toBe(before);
  });

  test("two transactions that lock each other out both succeed, and each follows up once", async () => {
    const a = await insertAccount(database, "deadlock-a");
    const b = await insertAccount(database, "deadlock-b");
    const followed: string[] = [];
    let attempts = 0;
    const crossing = (name: string, first: number, second: number): Promise<void> =>
      database.transaction(async (tx) => {
        attempts += 1;
        tx.afterCommit(() => void followed.push(name));
        await setLevel(database, first, 1, tx);
        await sleep(100);
        await setLevel(database, second, 1, tx);
      });

    await Promise.all([crossing("ab", a, b), crossing("ba", b, a)]);

    expect(followed.toSorted()).toEqual(["ab", "ba"]);
    expect(attempts).toBe(kind.name === "mysql" ? 3 : 2);
  });

  test("a lock held for longer than the lock wait is waited for again", async () => {
    const id = await insertAccount(database, "patient");
    const url = opened.url;
    const impatient = await openDatabase({ url, poolSize: 2, queryTimeoutMs: 10_000, lockWaitMs: 1000 });
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let holding: Promise<void> = Promise.resolve();
    await new Promise<void>((locked) => {
      holding = database.transaction(async (tx) => {
        await setLevel(database, id, 1, tx);
        locked();
        await released;
      });
    });

    const waiting = impatient.transaction((tx) => setLevel(impatient, id, 2, tx));
    await sleep(1300);
    release();
    await Promise.all([holding, waiting]);

    expect(await levelOf(database, id)).toBe(2);
    await impatient.close();
  });

  test("follow-ups run after the commit, never after a rollback, and cannot fail the call", async () => {
    const seen: number[] = [];
    const id = await insertAccount(database, "follow-up");

    const result = await database.transaction(async (tx) => {
      tx.afterCommit(() => {
        throw new Error("broker down");
      });
      tx.afterCommit(async () => void seen.push(await levelOf(database, id)));
      await setLevel(database, id, 7, tx);
      return "done";
    });
    await database
      .transaction(async (tx) => {
        tx.afterCommit(() => void seen.push(-1));
        throw new Error("no");
      })
      .catch(() => undefined);

    expect(result).toBe("done");
    expect(seen).toEqual([7]);
    expect(warnings).toEqual(["an action after a commit failed"]);
  });

  test("an update counts the rows it found, whether it changed them or not", async () => {
    await insertAccount(database, "counted");
    const level = { type: "BULKUPDATE", bind: { level: 3 } } as const;

    const first = await database.sequelize.query(
      "UPDATE users SET level = $level WHERE uid = 'counted'",
      level,
    );
    const second = await database.sequelize.query(
      "UPDATE users SET level = $level WHERE uid = 'counted'",
      level,
    );

    expect([first, second]).toEqual([1, 1]);
  });
});
