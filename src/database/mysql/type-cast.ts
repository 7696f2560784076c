/** A column value as mysql2 offers it to a `typeCast` function. */
interface Field {
  readonly type: string;
  readonly length: number;
  string(): string | null;
}

/**
 * Reads values as Sequelize's models would, for raw rows too: DATETIME is UTC, TINYINT(1) a boolean, DATE a string.
 * All other types are left to mysql2.
 */
export function typeCast(field: Field, next: () => unknown): unknown {
  switch (field.type) {
    case "DATETIME":
    case "TIMESTAMP": {
      const text = field.string();
      return text === null ? null : new Date(`${text.replace(" ", "T")}Z`);
    }
    case "DATE":
    case "NEWDECIMAL":
      return field.string();
    case "TINY": {
      if (field.length !== 1) return next();
      const text = field.string();
      return text === null ? null : text !== "0";
    }
    default:
      return next();
  }
}
