import { QueryTypes } from "sequelize";
import type { Database, Tx } from "../../database/database.js";
import { indexChooser, sameOrNone } from "./chosen-index.js";
import type { OutboxRow } from "./store.js";

/** What a worker needs of a row. */
export type OutboxItem = Pick<
  OutboxRow,
  | "id"
  | "channel"
  | "topic"
  | "messageId"
  | "userId"
  | "recipient"
  | "payload"
  | "attempts"
  | "expiresAt"
  | "createdAt"
>;

/** An item, and until when it is not to be taken. */
export interface WaitingItem extends OutboxItem {
  readonly availableAt: Date;
  readonly leasedUntil: Date | null;
}

/** An item that a worker holds: whoever claims it later holds one with more attempts. */
export type Claim = Pick<OutboxItem, "id" | "attempts">;

/** Where a row stands among those that wait on a channel. */
export interface Place {
  readonly id: number;
  readonly availableAt: Date;
}

export interface Seen extends Place {
  /** Nobody has it, and nothing of the same line waits before it. */
  readonly isHead: boolean;
}

/**
 * The statements with which workers share what waits, written out so that each has the one plan that does not grow with the table.
 * `+state` is of no index.
 */
export function createQueue(database: Database) {
  // Whoever takes items at the same time takes others; SQLite lets one write at a time anyway.
  const skippingTaken = database.dialect === "mysql" ? " FOR UPDATE SKIP LOCKED" : "";

  const by = indexChooser(database);
  // One whose limit is reached holds up nothing but what the same limit holds back. Most have no recipient.
  const same = sameOrNone(database);
  const seen =
    "SELECT o.id, o.available_at AS availableAt, (o.leased_until IS NULL OR o.leased_until <= ?) AND NOT EXISTS " +
    `(SELECT 1 FROM outbox e ${by("outbox_line")} WHERE e.user_id = o.user_id AND e.channel = o.channel ` +
    `AND e.state = 'waiting' AND e.recipient ${same} o.recipient AND e.id < o.id) AS isHead ` +
    `FROM outbox o ${by("outbox_channel_due")} ` +
    "WHERE o.state = 'waiting' AND o.channel = ? AND o.available_at <= ?";

  const quoted = (value: string | null): string =>
    value === null ? "NULL" : database.sequelize.escape(value);

  const select = async (sql: string, { transaction }: Tx): Promise<WaitingItem[]> => {
    const rows = await database.sequelize.query<WaitingItem>(sql, { type: QueryTypes.SELECT, transaction });
    return rows.map(({ id, userId, ...rest }) => ({
      ...rest,
      id: Number(id),
      userId: userId === null ? null : Number(userId),
    }));
  };

  return {
    /** Some of what is due on a channel, in the order in which it may leave, behind a place. */
    async due(channel: string, now: Date, after: Place | undefined, most: number): Promise<Seen[]> {
      const from = after && [after.availableAt, after.availableAt, after.id];
      const rows = await database.read<Omit<Seen, "isHead"> & { isHead: number }>(
        `${seen} ${from ? BEHIND : ""} ORDER BY o.available_at, o.id LIMIT ?`,
        [now, channel, now, ...(from ?? []), most],
      );
      return rows.map(({ id, isHead, availableAt }) => ({
        id: Number(id),
        isHead: isHead === 1,
        availableAt,
      }));
    },

    /** Locks until the transaction ends what is still there, and what nobody else has locked. */
    async lock(ids: readonly number[], tx: Tx): Promise<WaitingItem[]> {
      const sql = `SELECT ${ITEM} FROM outbox WHERE id IN (${ids.map(Number)}) AND +state = 'waiting' ORDER BY id`;
      return ids.length === 0 ? [] : select(sql + skippingTaken, tx);
    },

    /** What waits behind items, so many for each, in its order. */
    async followers(heads: readonly OutboxItem[], each: number, tx: Tx): Promise<WaitingItem[]> {
      const parts = heads.flatMap(({ id, userId, channel, recipient }) =>
        userId === null
          ? []
          : `SELECT * FROM (SELECT ${ITEM} FROM outbox ${by("outbox_line")} WHERE user_id = ${Number(userId)} AND channel = ` +
            `${quoted(channel)} AND state = 'waiting' AND recipient ${same} ${quoted(recipient)} AND id > ${Number(id)} ` +
            `ORDER BY id LIMIT ${each}) f${id}`,
      );
      return parts.length === 0 ? [] : select(parts.join(" UNION ALL "), tx);
    },

    /**
     * Takes items until a moment, if all of them are free; answers whether they were. Counts the attempt at once, so that an item which
     * brings its worker down is given up some day.
     */
    async lease(
      ids: readonly number[],
      { now, until }: { readonly now: Date; readonly until: Date },
      tx: Tx,
    ): Promise<boolean> {
      // A statement that is prepared on every connection: of a few lengths only.
      const padded = [
        ...ids,
        ...Array<number>(2 ** Math.ceil(Math.log2(ids.length)) - ids.length).fill(ids[0] ?? 0),
      ];
      const marks = padded.map((_id, at) => `$${at + 3}`);
      const [, taken] = await database.sequelize.query(
        `UPDATE outbox SET attempts = attempts + 1, leased_until = $1 WHERE id IN (${marks}) ` +
          "AND +state = 'waiting' AND (leased_until IS NULL OR leased_until <= $2)",
        { bind: [until, now, ...padded], type: QueryTypes.UPDATE, transaction: tx.transaction },
      );
      return taken === ids.length;
    },

    /** Keeps a claim until a later moment, unless it is lost. */
    async renew(claim: Claim, until: Date): Promise<void> {
      await database.write(`UPDATE outbox SET leased_until = ? WHERE ${held([claim])}`, [until]);
    },

    /** Nothing of what was in them is kept. Answers the ids of those that were lost. */
    async markSent(claims: readonly Claim[], now: Date): Promise<number[]> {
      if (claims.length === 0) return [];
      const noted = await database.write(
        "UPDATE outbox SET state = 'sent', payload = '', finished_at = ?, leased_until = NULL, last_error = NULL " +
          `WHERE ${held(claims)}`,
        [now],
      );
      if (noted === claims.length) return [];
      // What an attempt before has noted without coming back is ours too.
      const rows = await database.read<Claim>(
        `SELECT id, attempts FROM outbox WHERE id IN (${claims.map(({ id }) => Number(id))}) AND +state = 'sent'`,
        [],
      );
      const kept = new Map(rows.map(({ id, attempts }) => [Number(id), attempts]));
      return claims.filter(({ id, attempts }) => kept.get(id) !== attempts).map(({ id }) => id);
    },

    /** Gives claims back, as if they had not been made; to be tried when it is time. */
    async release(claims: readonly Claim[], availableAt: Date, why?: string): Promise<void> {
      if (claims.length === 0) return;
      const note = why === undefined ? "" : ", last_error = ?";
      await database.write(
        `UPDATE outbox SET attempts = attempts - 1, available_at = ?${note}, leased_until = NULL WHERE ${held(claims)}`,
        [availableAt, ...(why === undefined ? [] : [why])],
      );
    },

    async postpone(claim: Claim, availableAt: Date, lastError: string): Promise<void> {
      await database.write(
        `UPDATE outbox SET available_at = ?, last_error = ?, leased_until = NULL WHERE ${held([claim])}`,
        [availableAt, lastError],
      );
    },

    /** Answers whether the claim was not lost. */
    async finish(claim: Claim, state: "dead" | "dropped", lastError: string, now: Date): Promise<boolean> {
      const finished = await database.write(
        `UPDATE outbox SET state = ?, last_error = ?, leased_until = NULL, finished_at = ?` +
          `${state === "dropped" ? ", payload = ''" : ""} WHERE ${held([claim])}`,
        [state, lastError, now],
      );
      return finished === 1;
    },
  };
}

export type Queue = ReturnType<typeof createQueue>;

const ITEM =
  "id, channel, topic, message_id AS messageId, user_id AS userId, recipient, payload, attempts, expires_at AS expiresAt, " +
  "created_at AS createdAt, available_at AS availableAt, leased_until AS leasedUntil";

const BEHIND = "AND o.available_at >= ? AND (o.available_at > ? OR o.id > ?)";

/** Claims may have been lost meanwhile to another worker; then nothing is touched. */
function held(claims: readonly Claim[]): string {
  const attempts = [...new Set(claims.map((claim) => claim.attempts))];
  const alike = attempts.map((count) => {
    const ids = claims.filter((claim) => claim.attempts === count).map(({ id }) => Number(id));
    return `(attempts = ${Number(count)} AND id IN (${ids}))`;
  });
  const all = claims.map(({ id }) => Number(id));
  return `id IN (${all}) AND +state = 'waiting' AND (${alike.join(" OR ")})`;
}
