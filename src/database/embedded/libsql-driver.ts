import Libsql from "libsql";
import { type EmbeddedError, embeddedError } from "./embedded-error.js";
import type { NativeHandle, NativeStatement } from "./native.js";
import type { Bindings, NativeValue } from "./values.js";

/** Opens a file with libsql, the packaged driver for Node versions whose own SQLite is missing or incomplete. */
export function openLibsql(path: string): NativeHandle {
  const database = translated(() => new Libsql(path));
  return {
    exec: (sql) => translated(() => void database.exec(sql)),
    prepare: (sql) => statementOf(database, sql),
    isInTransaction: () => database.inTransaction,
    close: () => {
      database.close();
    },
  };
}

function statementOf(database: Libsql.Database, sql: string): NativeStatement {
  const statement = translated(() => database.prepare<Bindings[]>(sql));
  // Without it, integers above 2^53 are rounded in silence.
  statement.safeIntegers(true);
  return {
    columns: statement.columns(),
    // Not `get`: its rows carry a `_metadata` member.
    all: (bindings) =>
      translated(
        () => (bindings ? statement.all(bindings) : statement.all()) as Record<string, NativeValue>[],
      ),
    run: (bindings) => {
      const outcome = translated(() => (bindings ? statement.run(bindings) : statement.run()));
      return { changes: Number(outcome.changes), lastId: Number(outcome.lastInsertRowid) };
    },
  };
}

function translated<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asEmbeddedError(error);
  }
}

function asEmbeddedError(error: unknown): EmbeddedError | unknown {
  if (!(error instanceof Error)) return error;
  const number = "rawCode" in error && typeof error.rawCode === "number" ? error.rawCode : 1;
  return embeddedError(error.message, number);
}
