/** A column of a migration: how to write its definition, and what it refers to. */
export interface Column {
  define(dialect: "mysql" | "sqlite"): string;
  readonly refersTo?: { readonly table: string; readonly onDelete: "CASCADE" | "SET NULL" };
}

/** The usual primary key: a number the database counts up; never assume that no number is left out. */
export const serial = (): Column => ({
  define: (dialect) =>
    dialect === "mysql"
      ? "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY"
      : "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
});

/** Text of up to `length` characters, compared byte by byte on both databases. */
export const text = (length: number): Column => notNull(() => `VARCHAR(${length})`);

/** Text of up to 64 KiB. */
export const longText = (): Column => notNull(() => "TEXT");

/** A hash or token of exactly `length` ASCII characters. */
export const token = (length: number): Column =>
  notNull((dialect) =>
    dialect === "mysql" ? `CHAR(${length}) CHARACTER SET ascii COLLATE ascii_bin` : `CHAR(${length})`,
  );

export const integer = (): Column => notNull(() => "INT");
export const bigInteger = (): Column => notNull(() => "BIGINT");
export const boolean = (): Column => notNull(() => "TINYINT(1)");

/** A moment in UTC, to the millisecond. */
export const moment = (): Column => notNull(() => "DATETIME(3)");

/** The id of a row of `table`. When that row goes, this one goes too or forgets it. */
export const referenceTo = (table: string, onDelete: "CASCADE" | "SET NULL" = "CASCADE"): Column => ({
  ...(onDelete === "CASCADE" ? bigInteger() : nullable(bigInteger())),
  refersTo: { table, onDelete },
});

export const nullable = (column: Column): Column => ({
  ...column,
  define: (dialect) => column.define(dialect).replace(" NOT NULL", " NULL"),
});

export const withDefault = (column: Column, value: string | number | boolean): Column => ({
  ...column,
  define: (dialect) => `${column.define(dialect)} DEFAULT ${literal(value)}`,
});

/** Makes a column the primary key, in place of a `serial`. */
export const asPrimaryKey = (column: Column): Column => ({
  ...column,
  define: (dialect) => `${column.define(dialect)} PRIMARY KEY`,
});

const notNull = (type: (dialect: "mysql" | "sqlite") => string): Column => ({
  define: (dialect) => `${type(dialect)} NOT NULL`,
});

const literal = (value: string | number | boolean): string =>
  typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(Number(value));
