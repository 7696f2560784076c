import { type Database, openDatabase } from "./database/database.js";
import { migrateDown, migrateUp, pending } from "./database/migrate.js";
import { readDatabaseConfig } from "./platform/config.js";

const USAGE = `Usage: node dist/src/migrate.js [command]

  up         apply all pending migrations (the default)
  down [n]   revert the last n migrations (1 unless given); what they created is lost
  status     list the pending migrations

The database is named by DATABASE_URL; without it, it is a SQLite file in DATA_DIR.`;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function run(database: Database, command: string, count: string): Promise<void> {
  if (command === "up") {
    const applied = await migrateUp(database, { onStep: say });
    say(applied.length === 0 ? "nothing to apply" : `applied: ${applied.join(", ")}`);
  } else if (command === "down") {
    const reverted = await migrateDown(database, { steps: Number(count) }, { onStep: say });
    say(reverted.length === 0 ? "nothing to revert" : `reverted: ${reverted.join(", ")}`);
  } else {
    const names = await pending(database);
    say(names.length === 0 ? "no migration is pending" : names.map((name) => `pending: ${name}`).join("\n"));
  }
}

const [command = "up", count = "1"] = process.argv.slice(2);
if (!["up", "down", "status"].includes(command) || !/^[1-9]\d*$/.test(count)) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(2);
}

try {
  const config = readDatabaseConfig(process.env);
  const database = await openDatabase(config.database);
  try {
    await database.waitUntilReady({ forSeconds: config.databaseWaitSeconds, onRetry: say });
    await run(database, command, count);
  } finally {
    await database.close();
  }
} catch (error) {
  // The message alone: an error of the database also carries the statement with its values.
  process.stderr.write(`migration failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
