import type { Database, Tx } from "../../database/database.js";
import { inTransaction } from "../../database/model.js";
import { EPOCH } from "./rules.js";

/** What is known of the places of all events. */
export interface Places {
  /** Names the log: places of another say nothing about this one. */
  readonly epoch: string;
  /** The last one that was given. */
  readonly given: number;
  /** Events up to this one may be gone. */
  readonly pruned: number;
}

/**
 * The places of events. Ids are given before a commit, so a lower one may become visible after a higher one, and who reads on behind the
 * higher would miss it; places are given after the commit, by one reader at a time.
 */
export function createPlaceStore(database: Database) {
  const { sequelize, dialect } = database;
  // On SQLite one transaction writes at a time anyway.
  const locking = dialect === "mysql" ? " FOR UPDATE" : "";

  return {
    async read(): Promise<Places> {
      return placesIn(await database.read<Places>(READ, []));
    },

    /** Keeps others from giving places until the transaction ends. */
    async lock(tx: Tx): Promise<Places> {
      const [rows] = await sequelize.query(READ + locking, inTransaction(tx));
      return placesIn(rows as Places[]);
    },

    async write({ given, pruned }: Omit<Places, "epoch">, tx: Tx): Promise<void> {
      await sequelize.query("UPDATE event_places SET given = $1, pruned = $2 WHERE id = 1", {
        bind: [given, pruned],
        ...inTransaction(tx),
      });
    },

    async hasUnplaced(): Promise<boolean> {
      return (await database.read("SELECT id FROM events WHERE position IS NULL LIMIT 1", [])).length > 0;
    },

    /** Gives the events the places behind `last`, in the order of `ids`. */
    async give(ids: readonly number[], last: number, tx: Tx): Promise<void> {
      const cases = ids.map((id, at) => `WHEN ${id} THEN ${last + at + 1}`).join(" ");
      const sql = `UPDATE events SET position = CASE id ${cases} END WHERE id IN (${ids.join()})`;
      await sequelize.query(sql, inTransaction(tx));
    },
  };
}

const READ = "SELECT epoch, given, pruned FROM event_places WHERE id = 1";

function placesIn([row]: readonly Places[]): Places {
  if (!row) throw new Error("the table event_places has lost its row");
  if (!EPOCH.test(row.epoch)) throw new Error("event_places.epoch is no name of letters, digits and hyphens");
  return { epoch: row.epoch, given: Number(row.given), pruned: Number(row.pruned) };
}
