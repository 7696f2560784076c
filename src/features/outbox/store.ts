import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
  Op,
  QueryTypes,
} from "sequelize";
import type { Database, Tx } from "../../database/database.js";
import { instant, inTransaction, reference, serialId } from "../../database/model.js";
import type { PageRange } from "../../platform/page.js";
import { createAbandoned } from "./abandoned.js";
import { indexChooser, sameOrNone } from "./chosen-index.js";
import { createListing } from "./listing.js";
import { createQueue, type OutboxItem } from "./queue.js";

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

/** A row without what is sealed in it. */
export type ListedRow = Omit<OutboxRow, "payload">;

/** Which rows staff ask for. */
export interface OutboxFilter {
  readonly state?: ParcelState | undefined;
  readonly channel?: string | undefined;
  readonly topic?: string | undefined;
  readonly userId?: number | undefined;
}

export function createOutboxStore(database: Database) {
  const OutboxModel = defineOutboxModel(database);
  const by = indexChooser(database);
  const { count, ids } = createListing(database);
  return {
    ...createQueue(database),
    ...createAbandoned(database),

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

    /** What an account still waits for on a topic is of no use any more, unless it is on its way. */
    async drop(
      whose: Pick<OutboxRow, "channel" | "topic"> & {
        readonly userId: number;
        readonly recipient: string | null;
      },
      now: Date,
      tx: Tx,
    ): Promise<number> {
      const { userId, channel, topic, recipient } = whose;
      const [, dropped] = await database.sequelize.query(
        `UPDATE outbox ${by("outbox_line")} SET state = 'dropped', payload = '', last_error = 'superseded', finished_at = $1 ` +
          "WHERE user_id = $2 AND channel = $3 AND state = 'waiting' AND topic = $4 " +
          `AND recipient ${sameOrNone(database)} $5 AND (leased_until IS NULL OR leased_until <= $6)`,
        {
          bind: [now, userId, channel, topic, recipient, now],
          type: QueryTypes.UPDATE,
          ...inTransaction(tx),
        },
      );
      return dropped;
    },

    /** When the last so many to a recipient were sent since a moment, newest first. */
    async sentTo(recipient: string, channel: string, since: Date, most: number): Promise<Date[]> {
      const rows = await database.read<{ finishedAt: Date }>(
        `SELECT finished_at AS finishedAt FROM outbox ${by("outbox_recipient")} WHERE recipient = ? AND channel = ? ` +
          "AND state = 'sent' AND finished_at > ? ORDER BY finished_at DESC LIMIT ?",
        [recipient, channel, since, most],
      );
      return rows.map(({ finishedAt }) => finishedAt);
    },

    count,

    /** Newest first. */
    async page(filter: OutboxFilter, range: PageRange): Promise<ListedRow[]> {
      return OutboxModel.findAll({
        attributes: { exclude: ["payload"] },
        where: { id: await ids(filter, range) },
        order: [["id", "DESC"]],
        raw: true,
      });
    },

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
