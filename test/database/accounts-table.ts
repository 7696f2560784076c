import { QueryTypes } from "sequelize";
import type { Database, Tx } from "../../src/database/database.js";

const MOMENT = new Date("2026-01-02T03:04:05.678Z");

/** Inserts an account and answers its id. */
export async function insertAccount(database: Database, uid: string, tx?: Tx): Promise<number> {
  const [id] = await database.sequelize.query(
    "INSERT INTO users (uid, email, password_digest, created_at, updated_at) VALUES ($uid, $email, 'x', $now, $now)",
    {
      bind: { uid, email: `${uid}@example.com`, now: MOMENT },
      type: QueryTypes.INSERT,
      transaction: tx?.transaction ?? null,
    },
  );
  return id;
}

export async function levelOf(database: Database, id: number, tx?: Tx): Promise<number> {
  const lock = tx !== undefined && database.dialect === "mysql" ? " FOR UPDATE" : "";
  const [row] = await database.sequelize.query<{ level: number }>(
    `SELECT level FROM users WHERE id = $id${lock}`,
    {
      bind: { id },
      type: QueryTypes.SELECT,
      transaction: tx?.transaction ?? null,
    },
  );
  if (row === undefined) throw new Error(`there is no account ${id}`);
  return row.level;
}

export async function setLevel(database: Database, id: number, level: number, tx: Tx): Promise<void> {
  await database.sequelize.query("UPDATE users SET level = $level WHERE id = $id", {
    bind: { id, level },
    transaction: tx.transaction,
  });
}

export async function countAccounts(database: Database): Promise<number> {
  const [row] = await database.sequelize.query<{ n: number }>("SELECT COUNT(*) AS n FROM users", {
    type: QueryTypes.SELECT,
  });
  return row?.n ?? 0;
}
