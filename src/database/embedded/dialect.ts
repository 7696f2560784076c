import type { QueryInterface, Sequelize } from "sequelize";
import { EmbeddedConnection } from "./connection.js";
import type { EmbeddedFile } from "./file.js";

/** What Sequelize needs in place of the `sqlite3` package, bound to one file. */
export const embeddedDialect = (file: EmbeddedFile): object => ({
  OPEN_READWRITE: 2,
  // Zero, so that Sequelize leaves it to us to create the folder, which others must not read.
  OPEN_CREATE: 0,
  Database: class extends EmbeddedConnection {
    constructor(_path: string, _mode: number, opened: (error: Error | null) => void) {
      super(file, opened);
    }
  },
});

/**
 * Refuses the schema changes that Sequelize does on SQLite by copying the table away and back: the DROP TABLE in the
 * middle deletes the rows of every table that refers to it with ON DELETE CASCADE, and indexes are lost.
 */
export function refuseTableRebuilds(sequelize: Sequelize): void {
  const queries: QueryInterface = sequelize.getQueryInterface();
  for (const name of REBUILDING) {
    queries[name] = async () => {
      throw new Error(
        `${name} rebuilds the table on SQLite and loses data: use the schema steps of a migration`,
      );
    };
  }
}

const REBUILDING = [
  "changeColumn",
  "renameColumn",
  "removeColumn",
  "addConstraint",
  "removeConstraint",
] as const;
