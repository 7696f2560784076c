import { QueryTypes, type Transaction } from "sequelize";
import type { MigrationParams, UmzugStorage } from "umzug";
import * as column from "./columns.js";
import type { Database } from "./database.js";
import { Schema } from "./schema.js";

/** What has been applied to this database, kept in its table `schema_migrations`. */
export interface Applied extends UmzugStorage<Schema> {
  readonly schema: Schema;
  executed(): Promise<string[]>;
}

export function appliedMigrations(
  { sequelize, dialect, clock }: Database,
  transaction: Transaction | null,
): Applied {
  const schema = new Schema(sequelize, dialect, transaction);
  return {
    schema,

    async executed() {
      if (!(await schema.hasTable(TABLE))) return [];
      const rows = await sequelize.query<{ name: string }>(`SELECT name FROM ${TABLE} ORDER BY name`, {
        type: QueryTypes.SELECT,
        transaction,
      });
      return rows.map(({ name }) => name);
    },

    async logMigration({ name }: MigrationParams<Schema>) {
      await schema.createTable(TABLE, {
        name: column.asPrimaryKey(column.text(191)),
        applied_at: column.moment(),
      });
      await sequelize.query(`INSERT INTO ${TABLE} (name, applied_at) VALUES ($name, $now)`, {
        bind: { name, now: clock() },
        transaction,
      });
    },

    async unlogMigration({ name }: MigrationParams<Schema>) {
      await sequelize.query(`DELETE FROM ${TABLE} WHERE name = $name`, { bind: { name }, transaction });
    },
  };
}

const TABLE = "schema_migrations";
