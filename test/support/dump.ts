import { QueryTypes } from "sequelize";
import type { Started } from "./start-app.js";

/** Everything that the database holds, as one text. */
export async function dump({ database: { sequelize } }: Started): Promise<string> {
  const tables: string[] = await sequelize.getQueryInterface().showAllTables();
  const contents = tables.map((table) =>
    sequelize.query(`SELECT * FROM \`${table}\``, { type: QueryTypes.SELECT }),
  );
  return JSON.stringify(await Promise.all(contents));
}
