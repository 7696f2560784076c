import { setTimeout as sleep } from "node:timers/promises";
import * as column from "../../../src/database/columns.js";
import { openDatabase } from "../../../src/database/database.js";
import { migrateUp } from "../../../src/database/migrate.js";
import type { Migration } from "../../../src/database/migration.js";

// Creates a table in the database named by the first argument, and then hangs with the lock.
const [url = ""] = process.argv.slice(2);
const slow: Migration = {
  name: "0001-accounts",
  async up(schema) {
    await schema.createTable("half", { id: column.serial() });
    process.stdout.write("applying\n");
    await sleep(60_000);
  },
  down: async () => undefined,
};
const database = await openDatabase({ url, poolSize: 2, queryTimeoutMs: 5000 });
await migrateUp(database, { among: [slow] });
