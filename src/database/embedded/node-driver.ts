import { embeddedError } from "./embedded-error.js";
import type { NativeHandle, NativeStatement } from "./native.js";
import type { Bindings, NativeValue } from "./values.js";

/** Opens a file with `node:sqlite`; undefined where this Node has none, or an early one that cannot tell column types. */
export function openNodeSqlite(path: string): NativeHandle | undefined {
  const sqlite = process.getBuiltinModule("node:sqlite") as NodeSqlite | undefined;
  if (sqlite === undefined || !("columns" in sqlite.StatementSync.prototype)) return undefined;
  const database = translated(() => new sqlite.DatabaseSync(path));
  return {
    exec: (sql) => translated(() => database.exec(sql)),
    prepare: (sql) => statementOf(database, sql),
    isInTransaction: () => database.isTransaction,
    close: () => database.close(),
  };
}

function statementOf(database: DatabaseSync, sql: string): NativeStatement {
  const statement = translated(() => database.prepare(sql));
  // Without it, reading an integer above 2^53 throws.
  statement.setReadBigInts(true);
  statement.setAllowUnknownNamedParameters(true);
  return {
    columns: statement.columns(),
    all: (bindings) => translated(() => (bindings ? statement.all(bindings) : statement.all())),
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
    if (!(error instanceof Error)) throw error;
    throw embeddedError(error.message, "errcode" in error ? Number(error.errcode) : 1);
  }
}

// The part of node:sqlite in use; the types of Node 20, our oldest, do not have it.
interface NodeSqlite {
  DatabaseSync: new (path: string) => DatabaseSync;
  StatementSync: { prototype: object };
}

interface DatabaseSync {
  readonly isTransaction: boolean;
  exec(sql: string): void;
  prepare(sql: string): StatementSync;
  close(): void;
}

interface StatementSync {
  columns(): { name: string; type: string | null }[];
  setReadBigInts(enabled: boolean): void;
  setAllowUnknownNamedParameters(enabled: boolean): void;
  all(bindings?: Bindings): Record<string, NativeValue>[];
  run(bindings?: Bindings): { changes: number | bigint; lastInsertRowid: number | bigint };
}
