/** A failure of the embedded database, with SQLite's extended code as text, for instance "SQLITE_CONSTRAINT_UNIQUE". */
export class EmbeddedError extends Error {
  override readonly name = "EmbeddedError";
  /** The unique index that was broken ("PRIMARY" for a primary key). */
  index?: string;

  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

/**
 * Maps SQLite's extended result number. Constraint failures keep their kind, as Sequelize takes a plain
 * SQLITE_CONSTRAINT for a unique violation; all other numbers are reduced to their primary code.
 */
export const embeddedError = (message: string, number: number): EmbeddedError =>
  new EmbeddedError(message, CONSTRAINTS[number] ?? PRIMARY[number & 0xff] ?? "SQLITE_ERROR");

const CONSTRAINTS: Record<number, string> = {
  275: "SQLITE_CONSTRAINT_CHECK",
  787: "SQLITE_CONSTRAINT_FOREIGNKEY",
  1299: "SQLITE_CONSTRAINT_NOTNULL",
  1555: "SQLITE_CONSTRAINT_PRIMARYKEY",
  1811: "SQLITE_CONSTRAINT_TRIGGER",
  2067: "SQLITE_CONSTRAINT_UNIQUE",
  2579: "SQLITE_CONSTRAINT_PRIMARYKEY",
};

const PRIMARY: Record<number, string> = {
  4: "SQLITE_ABORT",
  5: "SQLITE_BUSY",
  6: "SQLITE_BUSY",
  8: "SQLITE_READONLY",
  10: "SQLITE_IOERR",
  11: "SQLITE_CORRUPT",
  13: "SQLITE_FULL",
  14: "SQLITE_CANTOPEN",
  19: "SQLITE_CONSTRAINT_CHECK",
  26: "SQLITE_NOTADB",
};
