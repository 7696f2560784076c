import type { Bindings, NativeValue } from "./values.js";

/** One open handle on a SQLite file. Everything is synchronous; errors are `EmbeddedError`s. */
export interface NativeHandle {
  /**
   * Runs a statement that has neither parameters nor rows. The only way for one that may find the file locked: libsql
   * leaves a prepared statement active after SQLITE_BUSY, and then no later write of the handle is committed.
   */
  exec(sql: string): void;
  prepare(sql: string): NativeStatement;
  isInTransaction(): boolean;
  close(): void;
}

export interface NativeStatement {
  /** Empty for a statement that answers no rows. `type` is the declared type of the column behind it. */
  readonly columns: readonly { readonly name: string; readonly type: string | null }[];
  /** Integers come back as bigint. */
  all(bindings?: Bindings): Record<string, NativeValue>[];
  run(bindings?: Bindings): { changes: number; lastId: number };
}
