import { LRUCache } from "lru-cache";
import { openNative } from "./driver.js";
import { EmbeddedError } from "./embedded-error.js";
import type { NativeHandle, NativeStatement } from "./native.js";
import { type Bindings, type Reader, type Row, readersFor, rowOf } from "./values.js";

export interface Outcome {
  readonly rows: Row[];
  readonly changes: number;
  readonly lastId: number;
}

/** One native handle with its prepared statements; answers rows of the types that MySQL's driver answers. */
export class Handle {
  readonly #native: NativeHandle;
  // Sequelize writes values into its SELECTs, so that only statements with parameters come again.
  readonly #prepared = new LRUCache<string, Prepared>({ max: 200 });

  constructor(path: string) {
    this.#native = openNative(path);
  }

  execute(sql: string, bindings: Bindings | undefined): Outcome {
    const { statement, readers } = this.#prepare(sql, bindings);
    try {
      if (statement.columns.length === 0) return { rows: [], ...statement.run(bindings) };
      const rows = statement.all(bindings).map((row) => rowOf(row, readers));
      return { rows, changes: 0, lastId: 0 };
    } catch (error) {
      throw this.#withIndex(error);
    }
  }

  /** Runs a statement without parameters and rows, such as those that begin and end a transaction. */
  exec(sql: string): Outcome {
    this.#native.exec(sql);
    return { rows: [], changes: 0, lastId: 0 };
  }

  isInTransaction(): boolean {
    return this.#native.isInTransaction();
  }

  /** To be called when the schema has changed: prepared statements remember the columns they had. */
  forget(): void {
    this.#prepared.clear();
  }

  close(): void {
    this.forget();
    this.#native.close();
  }

  #prepare(sql: string, bindings: Bindings | undefined): Prepared {
    const known = bindings && this.#prepared.get(sql);
    if (known) return known;
    const statement = this.#native.prepare(sql);
    const prepared = { statement, readers: readersFor(statement.columns) };
    if (bindings) this.#prepared.set(sql, prepared);
    return prepared;
  }

  // SQLite names the columns of a broken unique index ("labels.user_id, labels.key"), MySQL the index itself.
  #withIndex(error: unknown): unknown {
    if (!(error instanceof EmbeddedError)) return error;
    if (error.code === "SQLITE_CONSTRAINT_PRIMARYKEY") error.index = "PRIMARY";
    if (error.code !== "SQLITE_CONSTRAINT_UNIQUE") return error;
    const columns = /failed: (.+)$/.exec(error.message)?.[1]?.split(", ") ?? [];
    const index = this.#uniqueIndexOver(columns);
    if (index !== undefined) error.index = index;
    return error;
  }

  #uniqueIndexOver(columns: string[]): string | undefined {
    const table = columns[0]?.split(".")[0] ?? "";
    const names = columns.map((column) => column.split(".")[1]).join();
    const indexes = this.#native
      .prepare(
        "SELECT l.name AS name, l.origin AS origin, group_concat(i.name) AS columns " +
          'FROM pragma_index_list($table) AS l, pragma_index_info(l.name) AS i WHERE l."unique" GROUP BY l.name',
      )
      .all({ table });
    const broken = indexes.find((index) => index.columns === names);
    if (broken?.origin === "pk") return "PRIMARY";
    return typeof broken?.name === "string" ? broken.name : undefined;
  }
}

interface Prepared {
  readonly statement: NativeStatement;
  readonly readers: ReadonlyMap<string, Reader>;
}
