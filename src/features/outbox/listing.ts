import type { Database } from "../../database/database.js";
import type { PageRange } from "../../platform/page.js";
import { indexChooser } from "./chosen-index.js";
import type { OutboxFilter, ParcelState } from "./store.js";

const STATES: readonly ParcelState[] = ["waiting", "sent", "dead", "dropped"];

/**
 * Finds what staff list. One index answers, without a look at the rows and what is sealed in them, but for those of an account on a
 * topic: so a page costs about as much as its count.
 */
export function createListing(database: Database) {
  const by = indexChooser(database);

  /** The index, and its part that is asked for. */
  function partOf({ state, channel, topic, userId }: OutboxFilter) {
    const terms = Object.entries({ user_id: userId, state, channel, topic }).flatMap(([column, value]) =>
      value === undefined ? [] : [{ sql: `${column} = ?`, value }],
    );
    if (terms.length === 0) return { sql: "outbox", values: [] };
    // The index begins with the state: without one it would be read from end to end.
    const ofAnyState = `state IN (${STATES.map((each) => `'${each}'`)})`;
    const led = userId === undefined && state === undefined ? [ofAnyState] : [];
    const where = [...led, ...terms.map(({ sql }) => sql)].join(" AND ");
    const index = by(userId === undefined ? "outbox_channel_due" : "outbox_line");
    return { sql: `outbox ${index} WHERE ${where}`, values: terms.map(({ value }) => value) };
  }

  return {
    async count(filter: OutboxFilter): Promise<number> {
      const { sql, values } = partOf(filter);
      const [row] = await database.read<{ total: number }>(`SELECT COUNT(*) AS total FROM ${sql}`, values);
      return Number(row?.total);
    },

    /** Newest first. */
    async ids(filter: OutboxFilter, { offset, limit }: PageRange): Promise<number[]> {
      const { sql, values } = partOf(filter);
      const rows = await database.read<{ id: number }>(
        `SELECT id FROM ${sql} ORDER BY id DESC LIMIT ? OFFSET ?`,
        [...values, limit, offset],
      );
      return rows.map(({ id }) => Number(id));
    },
  };
}
