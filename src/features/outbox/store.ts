import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
  Op,
  QueryTypes,
  type WhereOptions,
} from "sequelize";
import type { Database, Tx } from "../../database/database.js";
import { instant, inTransaction, reference, serialId } from "../../database/model.js";
import type { PageRange } from "../../platform/page.js";

/** `sent` was taken by the other side, `dead` was given up, `dropped` was of no use any more. */
export type ParcelState = "waiting" | "sent" | "dead" | "dropped";

function defineOutboxModel({ sequelize }: Database) {
  class OutboxModel extends Model<InferAttributes<OutboxModel>, InferCreationAttributes<OutboxModel>> {
    declare id: CreationOptional<number>;
    declare channel: string;
    declare topic: string;
    declare messageId: string;
    declare userId: number | null;
    declare recipient: string | null;
    declare payload: string;
    declare attempts: number;
    declare availableAt: Date;
    declare leasedUntil: Date | null;
    declare lastError: string | null;
    declare state: ParcelState;
    declare expiresAt: Date | null;
    declare createdAt: Date;
    declare finishedAt: Date | null;
  }
  OutboxModel.init(
    {
      id: serialId(),
      channel: { type: DataTypes.STRING(64), allowNull: false },
      topic: { type: DataTypes.STRING(64), allowNull: false },
      messageId: { type: DataTypes.CHAR(36), allowNull: false },
      userId: reference({ allowNull: true }),
      recipient: { type: DataTypes.CHAR(64), allowNull: true },
      payload: { type: DataTypes.TEXT, allowNull: false },
      attempts: { type: DataTypes.INTEGER, allowNull: false },
      availableAt: instant(),
      leasedUntil: instant({ allowNull: true }),
      lastError: { type: DataTypes.STRING(255), allowNull: true },
      state: { type: DataTypes.STRING(16), allowNull: false },
      expiresAt: instant({ allowNull: true }),
      createdAt: instant(),
      finishedAt: instant({ allowNull: true }),
    },
    { sequelize, tableName: "outbox", underscored: true, timestamps: false },
  );
  return OutboxModel;
}

/** Something that leaves the house, has left it, or was given up. */
export type OutboxRow = InferAttributes<InstanceType<ReturnType<typeof defineOutboxModel>>>;

/** What a worker needs of it. */
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

/** An item that a worker holds: whoever claims it later holds one with more attempts. */
export type Claim = Pick<OutboxItem, "id" | "attempts">;

/** Which rows staff ask for. */
export interface OutboxFilter {
  readonly state?: ParcelState | undefined;
  readonly channel?: string | undefined;
  readonly topic?: string | undefined;
  readonly userId?: number | undefined;
}

const ITEM: (keyof OutboxItem)[] = [
  ...(["id", "channel", "topic", "messageId", "userId", "recipient"] as const),
  ...(["payload", "attempts", "expiresAt", "createdAt"] as const),
];

export function createOutboxStore(database: Database) {
  const OutboxModel = defineOutboxModel(database);
  // Whoever takes items at the same time takes others; SQLite lets one write at a time anyway.
  const skippingTaken = database.dialect === "mysql" ? " FOR UPDATE SKIP LOCKED" : "";

  async function lockedOf(ids: readonly number[], now: Date, tx: Tx): Promise<number[]> {
    const marks = ids.map((_id, at) => `$${at + 2}`).join();
    const rows = await database.sequelize.query<{ id: number }>(
      `SELECT id FROM outbox WHERE id IN (${marks}) AND state = 'waiting' AND available_at <= $1 ` +
        `AND (leased_until IS NULL OR leased_until <= $1) ORDER BY id${skippingTaken}`,
      { bind: [now, ...ids], type: QueryTypes.SELECT, transaction: tx.transaction },
    );
    return rows.map(({ id }) => Number(id));
  }

  /** Claims may have been lost meanwhile to another worker; then nothing is touched. */
  const held = (claims: readonly Claim[]): WhereOptions<OutboxRow> => ({
    state: "waiting",
    [Op.or]: claims.map(({ id, attempts }) => ({ id, attempts })),
  });

  return {
    async insert(item: Omit<OutboxItem, "id" | "attempts" | "createdAt">, now: Date, tx: Tx): Promise<void> {
      await OutboxModel.create(
        {
          ...item,
          attempts: 0,
          availableAt: now,
          leasedUntil: null,
          lastError: null,
          state: "waiting",
          createdAt: now,
          finishedAt: null,
        },
        inTransaction(tx),
      );
    },

    /** Items on a channel that are free, and the first of their account's: in the order in which they may leave. */
    async heads(channel: string, now: Date, most: number): Promise<number[]> {
      const rows = await database.read<{ id: number }>(HEADS, [channel, now, now, most]);
      return rows.map(({ id }) => Number(id));
    },

    /** Those that wait behind items of accounts on the same channel, and whether each is free. */
    async followers(heads: readonly OutboxItem[], now: Date, most: number, tx: Tx): Promise<Follower[]> {
      const [first] = heads;
      const ids = heads.flatMap(({ userId }) => (userId === null ? [] : [userId]));
      if (first === undefined || ids.length === 0 || most <= 0) return [];
      const rows = await OutboxModel.findAll({
        attributes: [...ITEM, "availableAt", "leasedUntil"],
        where: {
          userId: ids,
          channel: first.channel,
          state: "waiting",
          id: { [Op.notIn]: heads.map(({ id }) => id) },
        },
        order: ["id"],
        limit: most,
        raw: true,
        ...inTransaction(tx),
      });
      return rows.map((row) => ({
        ...row,
        isFree: row.availableAt <= now && (row.leasedUntil === null || row.leasedUntil <= now),
      }));
    },

    /** Locks those of the items that are still free until the transaction ends. */
    async lockFree(ids: readonly number[], now: Date, tx: Tx): Promise<OutboxItem[]> {
      if (ids.length === 0) return [];
      const locked = await lockedOf(ids, now, tx);
      return OutboxModel.findAll({
        attributes: ITEM,
        where: { id: locked },
        order: ["id"],
        raw: true,
        ...inTransaction(tx),
      });
    },

    /** Counts the attempt at once, so that an item which brings its worker down is given up some day. */
    async lease(ids: readonly number[], until: Date, tx: Tx): Promise<void> {
      const bind = [until, ...ids];
      const marks = ids.map((_id, at) => `$${at + 2}`).join();
      await database.sequelize.query(
        `UPDATE outbox SET attempts = attempts + 1, leased_until = $1 WHERE id IN (${marks})`,
        { bind, type: QueryTypes.UPDATE, transaction: tx.transaction },
      );
    },

    /** Nothing of what was in them is kept. */
    async markSent(claims: readonly Claim[], now: Date): Promise<void> {
      if (claims.length === 0) return;
      await OutboxModel.update(
        { state: "sent", payload: "", finishedAt: now, leasedUntil: null, lastError: null },
        { where: held(claims) },
      );
    },

    /** Gives claims back, as if they had not been made; to be tried when it is time. */
    async release(claims: readonly Claim[], availableAt: Date): Promise<void> {
      if (claims.length === 0) return;
      await OutboxModel.update(
        { attempts: database.sequelize.literal("attempts - 1"), availableAt, leasedUntil: null },
        { where: held(claims) },
      );
    },

    /** Also those of the account that wait behind it, so that nobody looks at them in vain. */
    async postpone(item: OutboxItem, availableAt: Date, lastError: string, tx: Tx): Promise<void> {
      const { id, attempts, userId, channel } = item;
      const [touched] = await OutboxModel.update(
        { availableAt, lastError, leasedUntil: null },
        { where: { id, attempts, state: "waiting" }, ...inTransaction(tx) },
      );
      if (touched === 0 || userId === null) return;
      const behind = { userId, channel, state: "waiting" as const, id: { [Op.gt]: id } };
      await OutboxModel.update(
        { availableAt },
        { where: { ...behind, availableAt: { [Op.lt]: availableAt } }, ...inTransaction(tx) },
      );
    },

    async finish(
      { id, attempts }: Claim,
      state: "dead" | "dropped",
      { lastError, now }: { readonly lastError: string; readonly now: Date },
    ): Promise<void> {
      const emptied = state === "dropped" ? { payload: "" } : {};
      await OutboxModel.update(
        { ...emptied, state, lastError, leasedUntil: null, finishedAt: now },
        { where: { id, attempts, state: "waiting" } },
      );
    },

    /** What an account still waits for on a topic is of no use any more, unless it is on its way. */
    async drop(
      whose: Pick<OutboxRow, "channel" | "topic"> & { readonly userId: number; readonly recipient?: string },
      now: Date,
      tx: Tx,
    ): Promise<number> {
      const [dropped] = await OutboxModel.update(
        { state: "dropped", payload: "", lastError: "superseded", finishedAt: now },
        {
          where: {
            ...whose,
            state: "waiting",
            leasedUntil: { [Op.or]: [{ [Op.is]: null }, { [Op.lte]: now }] },
          },
          ...inTransaction(tx),
        },
      );
      return dropped;
    },

    /** When the last so many to a recipient were sent since a moment, newest first. */
    async sentTo(recipient: string, channel: string, since: Date, most: number): Promise<Date[]> {
      const rows = await OutboxModel.findAll({
        attributes: ["finishedAt"],
        where: { recipient, channel, state: "sent", finishedAt: { [Op.gt]: since } },
        order: [["finishedAt", "DESC"]],
        limit: most,
        raw: true,
      });
      return rows.flatMap(({ finishedAt }) => (finishedAt === null ? [] : [finishedAt]));
    },

    count: (filter: OutboxFilter): Promise<number> => OutboxModel.count({ where: whereOf(filter) }),

    /** Newest first. */
    page: (filter: OutboxFilter, { offset, limit }: PageRange): Promise<OutboxRow[]> =>
      OutboxModel.findAll({ where: whereOf(filter), order: [["id", "DESC"]], offset, limit, raw: true }),

    async find(id: number, tx?: Tx): Promise<OutboxRow | undefined> {
      const lock = tx === undefined ? {} : { lock: true, ...inTransaction(tx) };
      return (await OutboxModel.findOne({ where: { id }, raw: true, ...lock })) ?? undefined;
    },

    async revive(id: number, now: Date, tx: Tx): Promise<void> {
      await OutboxModel.update(
        { state: "waiting", attempts: 0, availableAt: now, leasedUntil: null, finishedAt: null },
        { where: { id }, ...inTransaction(tx) },
      );
    },

    /** Deletes some of what ended in a state before a moment; answers how many. */
    deleteFinished: (state: ParcelState, before: Date, most: number): Promise<number> =>
      OutboxModel.destroy({ where: { state, finishedAt: { [Op.lt]: before } }, limit: most }),
  };
}

export type OutboxStore = ReturnType<typeof createOutboxStore>;

export interface Follower extends OutboxItem {
  /** Neither somebody else's nor postponed. */
  readonly isFree: boolean;
}

const HEADS =
  "SELECT o.id FROM outbox o WHERE o.state = 'waiting' AND o.channel = ? AND o.available_at <= ? " +
  "AND (o.leased_until IS NULL OR o.leased_until <= ?) AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.user_id = o.user_id " +
  "AND e.channel = o.channel AND e.state = 'waiting' AND e.id < o.id) ORDER BY o.available_at, o.id LIMIT ?";

const whereOf = ({ state, channel, topic, userId }: OutboxFilter): WhereOptions<OutboxRow> => ({
  ...(state !== undefined && { state }),
  ...(channel !== undefined && { channel }),
  ...(topic !== undefined && { topic }),
  ...(userId !== undefined && { userId }),
});
