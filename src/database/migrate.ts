import { Umzug } from "umzug";
import { beyondCall } from "../platform/deadline.js";
import { Database } from "./database.js";
import type { Migration } from "./migration.js";
import { withMigrationLock } from "./migration-lock.js";
import { type Applied, appliedMigrations } from "./migration-record.js";
import { migrations } from "./migrations/all.js";
import type { Schema } from "./schema.js";

export interface MigrationOptions {
  /** Gets a line to print before each migration. */
  readonly onStep?: (line: string) => void;
  /** All migrations there are, oldest first; the product's own unless given. */
  readonly among?: readonly Migration[];
}

/** Down to and including the migration named `to`, or the last `steps` of them. */
export type HowFarDown = { readonly to: string } | { readonly steps: number };

/**
 * Applies what is pending and answers the names. Processes that start together take turns, and the later ones find
 * nothing to do. Throws `DatabaseUnreachable` when another process migrates for longer than ten minutes.
 */
export function migrateUp(database: Database, options: MigrationOptions = {}): Promise<string[]> {
  return patiently(database, options, async (umzug) => (await umzug.up()).map(({ name }) => name));
}

/** Reverts migrations, newest first, and answers their names. The data in what they created is lost. */
export function migrateDown(
  database: Database,
  howFar: HowFarDown,
  options: MigrationOptions = {},
): Promise<string[]> {
  return patiently(database, options, async (umzug) => {
    const reverted = await umzug.down("to" in howFar ? { to: howFar.to } : { step: howFar.steps });
    return reverted.map(({ name }) => name);
  });
}

/** The names of the migrations that are still to be applied, oldest first. Changes nothing. */
export async function pending(
  database: Database,
  { among = migrations }: MigrationOptions = {},
): Promise<string[]> {
  const applied = await appliedMigrations(database, null).executed();
  return among.map(({ name }) => name).filter((name) => !applied.includes(name));
}

type Runner = Umzug<Schema>;

// A change of a large table takes longer than any query of a call may, so migrations have a database of their own.
async function patiently<T>(
  { settings, clock }: Database,
  { onStep, among = migrations }: MigrationOptions,
  work: (umzug: Runner) => Promise<T>,
): Promise<T> {
  const database = new Database({ ...settings, poolSize: 2, queryTimeoutMs: PATIENCE_MS }, { clock });
  try {
    return await beyondCall(() =>
      withMigrationLock(database, async (transaction) => {
        const record = appliedMigrations(database, transaction);
        const umzug = runnerFor(record, among);
        umzug.on("migrating", ({ name }) => onStep?.(`applying migration ${name}`));
        umzug.on("reverting", ({ name }) => onStep?.(`reverting migration ${name}`));
        return await work(umzug);
      }),
    );
  } finally {
    await database.close();
  }
}

const runnerFor = (record: Applied, among: readonly Migration[]): Runner =>
  new Umzug({
    migrations: among.map((migration) => ({
      name: migration.name,
      up: ({ context }) => migration.up(context),
      down: ({ context }) => migration.down(context),
    })),
    context: record.schema,
    storage: record,
    logger: undefined,
  });

const PATIENCE_MS = 3_600_000;
