import { QueryTypes, type Sequelize, type Transaction } from "sequelize";
import type { Column } from "./columns.js";

/** Index names with the columns they are over, in order. */
export type Indexes = Readonly<Record<string, readonly string[]>>;

export interface Keys {
  readonly unique?: Indexes;
  readonly index?: Indexes;
}

/**
 * The steps of which migrations are made, for both databases. Each does nothing when it has been done before, because
 * MySQL commits after every one of them: a migration that was interrupted is simply run again.
 */
export class Schema {
  constructor(
    private readonly sequelize: Sequelize,
    readonly dialect: "mysql" | "sqlite",
    private readonly transaction: Transaction | null,
  ) {}

  async createTable(
    table: string,
    columns: Readonly<Record<string, Column>>,
    keys: Keys = {},
  ): Promise<void> {
    const lines = Object.entries(columns).map(
      ([name, column]) => `${quoted(name)} ${column.define(this.dialect)}`,
    );
    // Within the statement on MySQL, so that the table never exists without its indexes.
    if (this.dialect === "mysql") lines.push(...keyLines(keys));
    for (const [name, { refersTo }] of Object.entries(columns)) {
      if (refersTo === undefined) continue;
      lines.push(
        `CONSTRAINT ${quoted(`${table}_${name}_fk`)} FOREIGN KEY (${quoted(name)}) ` +
          `REFERENCES ${quoted(refersTo.table)} (\`id\`) ON DELETE ${refersTo.onDelete}`,
      );
    }
    const options = this.dialect === "mysql" ? TABLE_OPTIONS : "";
    await this.run(`CREATE TABLE IF NOT EXISTS ${quoted(table)} (${lines.join(", ")})${options}`);
    if (this.dialect === "sqlite") await this.addIndexes(table, keys);
  }

  async dropTable(table: string): Promise<void> {
    await this.run(`DROP TABLE IF EXISTS ${quoted(table)}`);
  }

  /** Adds a column; one that may not be null needs a default. It cannot refer to another table. */
  async addColumn(table: string, name: string, column: Column): Promise<void> {
    if (await this.hasColumn(table, name)) return;
    await this.run(`ALTER TABLE ${quoted(table)} ADD COLUMN ${quoted(name)} ${column.define(this.dialect)}`);
  }

  /** Drops a column that no index and no reference uses. */
  async dropColumn(table: string, name: string): Promise<void> {
    if (!(await this.hasColumn(table, name))) return;
    await this.run(`ALTER TABLE ${quoted(table)} DROP COLUMN ${quoted(name)}`);
  }

  async addIndexes(table: string, { unique = {}, index = {} }: Keys): Promise<void> {
    for (const [name, columns] of Object.entries(unique))
      await this.#addIndex("UNIQUE INDEX", table, name, columns);
    for (const [name, columns] of Object.entries(index)) await this.#addIndex("INDEX", table, name, columns);
  }

  async dropIndex(table: string, name: string): Promise<void> {
    if (!(await this.hasIndex(table, name))) return;
    const where = this.dialect === "mysql" ? ` ON ${quoted(table)}` : "";
    await this.run(`DROP INDEX ${quoted(name)}${where}`);
  }

  /** Gives an index other columns. In one statement on MySQL, so that whoever forces it finds the one or the other. */
  async replaceIndex(table: string, name: string, columns: readonly string[]): Promise<void> {
    if (this.dialect === "sqlite") {
      await this.dropIndex(table, name);
      await this.addIndexes(table, { index: { [name]: columns } });
    } else if ((await this.#columnsOf(table, name)) !== columns.join()) {
      await this.run(
        `ALTER TABLE ${quoted(table)} DROP INDEX ${quoted(name)}, ADD ${keyLine(name, columns)}`,
      );
    }
  }

  /** Gives a UUID to the rows whose column is empty. */
  async fillWithUuids(table: string, column: string): Promise<void> {
    const uuid = this.dialect === "mysql" ? "UUID()" : SQLITE_UUID;
    await this.run(`UPDATE ${quoted(table)} SET ${quoted(column)} = ${uuid} WHERE ${quoted(column)} = ''`);
  }

  /** Inserts the rows whose `key` columns are not in the table yet. */
  async insertMissing(
    table: string,
    key: string,
    rows: readonly Readonly<Record<string, string | number>>[],
  ) {
    for (const row of rows) {
      const names = Object.keys(row);
      const values = names.map((name) => `:${name}`).join(", ");
      await this.run(
        `INSERT INTO ${quoted(table)} (${names.map(quoted).join(", ")}) SELECT ${values} FROM (SELECT 1 AS one) AS once ` +
          `WHERE NOT EXISTS (SELECT 1 FROM ${quoted(table)} WHERE ${quoted(key)} = :${key})`,
        row,
      );
    }
  }

  async hasTable(table: string): Promise<boolean> {
    return this.#exists(
      this.dialect === "mysql"
        ? "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = :table"
        : "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :table",
      { table },
    );
  }

  async hasColumn(table: string, column: string): Promise<boolean> {
    return this.#exists(
      this.dialect === "mysql"
        ? "SELECT 1 FROM information_schema.columns " +
            "WHERE table_schema = DATABASE() AND table_name = :table AND column_name = :column"
        : "SELECT 1 FROM pragma_table_info(:table) WHERE name = :column",
      { table, column },
    );
  }

  async hasIndex(table: string, index: string): Promise<boolean> {
    return this.#exists(
      this.dialect === "mysql"
        ? "SELECT 1 FROM information_schema.statistics " +
            "WHERE table_schema = DATABASE() AND table_name = :table AND index_name = :index"
        : "SELECT 1 FROM pragma_index_list(:table) WHERE name = :index",
      { table, index },
    );
  }

  /** Runs a statement of the migration's own. It must bear being run twice. */
  async run(sql: string, replacements: Readonly<Record<string, string | number>> = {}): Promise<void> {
    await this.sequelize.query(sql, { replacements, transaction: this.transaction });
  }

  async #addIndex(kind: string, table: string, name: string, columns: readonly string[]): Promise<void> {
    if (await this.hasIndex(table, name)) return;
    await this.run(`CREATE ${kind} ${quoted(name)} ON ${quoted(table)} (${columns.map(quoted).join(", ")})`);
  }

  /** Of an index on MySQL, with commas between them. */
  async #columnsOf(table: string, index: string): Promise<string> {
    const rows = await this.sequelize.query<{ name: string }>(
      "SELECT column_name AS name FROM information_schema.statistics WHERE table_schema = DATABASE() " +
        "AND table_name = :table AND index_name = :index ORDER BY seq_in_index",
      { replacements: { table, index }, type: QueryTypes.SELECT, transaction: this.transaction },
    );
    return rows.map(({ name }) => name).join();
  }

  async #exists(sql: string, replacements: Readonly<Record<string, string>>): Promise<boolean> {
    const rows = await this.sequelize.query(sql, {
      replacements,
      type: QueryTypes.SELECT,
      transaction: this.transaction,
    });
    return rows.length > 0;
  }
}

// Bytes decide in comparisons and in order, as on SQLite.
const TABLE_OPTIONS = " ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

const SQLITE_UUID = `lower(${[4, 2, 2, 2, 6].map((bytes) => `hex(randomblob(${bytes}))`).join(" || '-' || ")})`;

const quoted = (name: string): string => `\`${name}\``;

const keyLines = ({ unique = {}, index = {} }: Keys): string[] => [
  ...Object.entries(unique).map(
    ([name, columns]) => `UNIQUE KEY ${quoted(name)} (${columns.map(quoted).join(", ")})`,
  ),
  ...Object.entries(index).map(([name, columns]) => keyLine(name, columns)),
];

const keyLine = (name: string, columns: readonly string[]): string =>
  `KEY ${quoted(name)} (${columns.map(quoted).join(", ")})`;
