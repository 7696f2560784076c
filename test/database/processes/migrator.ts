import { openDatabase } from "../../../src/database/database.js";
import { migrateUp } from "../../../src/database/migrate.js";

// Migrates the database named by the first argument and prints what it has applied.
const [url = ""] = process.argv.slice(2);
const database = await openDatabase({ url, poolSize: 2, queryTimeoutMs: 5000 });
const applied = await migrateUp(database);
await database.close();
process.stdout.write(`${JSON.stringify(applied)}\n`);
