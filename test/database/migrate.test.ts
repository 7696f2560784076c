import { setTimeout as sleep } from "node:timers/promises";
import { QueryTypes } from "sequelize";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as column from "../../src/database/columns.js";
import { type Database, openDatabase } from "../../src/database/database.js";
import { migrateDown, migrateUp, pending } from "../../src/database/migrate.js";
import type { Migration } from "../../src/database/migration.js";
import { migrations } from "../../src/database/migrations/all.js";
import { describeEachDatabase, type FreshDatabase } from "../support/databases.js";
import { countAccounts, insertAccount } from "./accounts-table.js";
import { startProcess } from "./processes/start.js";

describeEachDatabase("migrations", (kind) => {
  let fresh: FreshDatabase;
  let database: Database;

  beforeEach(async () => {
    fresh = await kind.create();
    database = await openDatabase({ url: fresh.url, poolSize: 4, queryTimeoutMs: 10_000 });
  });
  afterEach(async () => {
    await database.close();
    await fresh.drop();
  });

  const names = migrations.map(({ name }) => name);
  const tables = async (): Promise<unknown[]> =>
    (await database.sequelize.getQueryInterface().showAllTables()).toSorted();

  test("go up, down and up again, and leave nothing behind but their record", async () => {
    const steps: string[] = [];

    expect(await pending(database)).toEqual(names);
    expect(await migrateUp(database, { onStep: (line) => steps.push(line) })).toEqual(names);
    const full = await tables();
    expect(await pending(database)).toEqual([]);
    expect(await migrateUp(database)).toEqual([]);
    expect(await migrateDown(database, { to: "0001-accounts" })).toEqual(names.toReversed());
    expect(await tables()).toEqual(["schema_migrations"]);
    expect(await pending(database)).toEqual(names);
    await migrateUp(database);

    expect(await tables()).toEqual(full);
    expect(steps).toEqual(names.map((name) => `applying migration ${name}`));
  });

  test("of the accounts seed the three levels once", async () => {
    await migrateUp(database, { among: migrations.slice(0, 1) });

    const levels = await database.sequelize.query("SELECT id, `key`, value FROM levels ORDER BY id", {
      type: QueryTypes.SELECT,
    });

    expect(levels).toEqual([
      { id: 1, key: "email", value: "verified" },
      { id: 2, key: "phone", value: "verified" },
      { id: 3, key: "document", value: "verified" },
    ]);
  });

  test("that broke off in the middle are run again to their end", async () => {
    let breaksOff = true;
    const shaky: Migration = {
      name: "0001-shaky",
      async up(schema) {
        await schema.createTable(
          "things",
          { id: column.serial(), name: column.text(20) },
          { index: { things_name: ["name"] } },
        );
        await schema.addColumn("things", "size", column.withDefault(column.integer(), 1));
        await schema.addIndexes("things", { unique: { things_size: ["size"] } });
        await schema.insertMissing("things", "name", [{ name: "first" }]);
        if (breaksOff) throw new Error("power cut");
        await schema.addColumn("things", "seen_at", column.nullable(column.moment()));
        await schema.dropIndex("things", "things_size");
        await schema.dropColumn("things", "size");
      },
      async down(schema) {
        await schema.dropTable("things");
      },
    };

    await expect(migrateUp(database, { among: [shaky] })).rejects.toThrow("power cut");
    expect(await pending(database, { among: [shaky] })).toEqual(["0001-shaky"]);
    breaksOff = false;
    await migrateUp(database, { among: [shaky] });

    const rows = await database.sequelize.query("SELECT * FROM things", { type: QueryTypes.SELECT });
    expect(rows).toEqual([{ id: 1, name: "first", seen_at: null }]);
  });

  test("are applied once by four processes that start at the same time", async () => {
    const processes = Array.from({ length: 4 }, () => startProcess("migrator.ts", fresh.url));

    const codes = await Promise.all(processes.map((running) => running.ended()));

    expect(codes).toEqual([0, 0, 0, 0]);
    const applied = processes.map(({ output }): unknown => JSON.parse(output));
    expect(applied.toSorted()).toEqual([[], [], [], names].toSorted());
  });

  test("wait for one that is under way, and take over when its process is killed", async () => {
    const slow = startProcess("slow-migrator.ts", fresh.url);
    await expect.poll(() => slow.output, { timeout: 15_000 }).toContain("applying");
    let isDone = false;
    const waiting = migrateUp(database).finally(() => {
      isDone = true;
    });
    await sleep(300);
    const doneWhileHeld = isDone;

    slow.child.kill("SIGKILL");

    expect(doneWhileHeld).toBe(false);
    expect(await waiting).toEqual(names);
  });

  test("killing a process loses no acknowledged commit and leaves no half transaction", async () => {
    await migrateUp(database);
    const acknowledged: string[] = [];

    for (const round of ["a", "b"]) {
      const writer = startProcess("writer.ts", fresh.url, round);
      await expect.poll(() => writer.output.length, { timeout: 15_000 }).toBeGreaterThan(200);
      writer.child.kill("SIGKILL");
      await writer.ended();
      const numbers = writer.output.split("\n").slice(0, -1);
      acknowledged.push(
        ...numbers.flatMap((number) => [`${round}-${number}-left`, `${round}-${number}-right`]),
      );
    }

    // A server may still be busy with what it had received.
    await sleep(300);
    const rows = await database.sequelize.query<{ uid: string }>("SELECT uid FROM users", {
      type: QueryTypes.SELECT,
    });
    const found = new Set(rows.map(({ uid }) => uid));
    expect(acknowledged.filter((uid) => !found.has(uid))).toEqual([]);
    const partner = (uid: string): string =>
      uid.endsWith("left") ? uid.replace("left", "right") : uid.replace("right", "left");
    expect([...found].filter((uid) => !found.has(partner(uid)))).toEqual([]);
    await insertAccount(database, "survivor");
    expect(await countAccounts(database)).toBe(found.size + 1);
  });
});
