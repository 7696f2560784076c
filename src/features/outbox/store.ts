import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
  Op,
  type WhereOptions,
} from "sequelize";
import type { Database, Tx } from "../../database/database.js";
import { instant, inTransaction, reference, serialId } from "../../database/model.js";
import type { PageRange } from "../../platform/page.js";
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

/** Which rows staff ask for. */
export interface OutboxFilter {
  readonly state?: ParcelState | undefined;
  readonly channel?: string | undefined;
  readonly topic?: string | undefined;
  readonly userId?: number | undefined;
}

export function createOutboxStore(database: Database) {
  const OutboxModel = defineOutboxModel(database);
  return {
    ...createQueue(database),

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
      const [dropped] = await OutboxModel.update(
        { state: "dropped", payload: "", lastError: "superseded", finishedAt: now },
        {
          where: { ...freeAt(now), ...whose },
          ...inTransaction(tx),
        },
      );
      return dropped;
    },

    /** Gives up what was due before a moment on other channels than these; answers how many. */
    async giveUpOthers(
      channels: readonly string[],
      { since, most, now }: { readonly since: Date; readonly most: number; readonly now: Date },
    ): Promise<number> {
      const rows = await OutboxModel.findAll({
        attributes: ["id"],
        where: {
          ...freeAt(now),
          channel: { [Op.notIn]: [...channels] },
          availableAt: { [Op.lt]: since },
        },
        limit: most,
        raw: true,
      });
      if (rows.length === 0) return 0;
      const [dead] = await OutboxModel.update(
        { state: "dead", lastError: "nobody delivers on this channel", leasedUntil: null, finishedAt: now },
        { where: { ...freeAt(now), id: rows.map(({ id }) => id) } },
      );
      return dead;
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

/** What waits and is nobody's at a moment. */
const freeAt = (now: Date) => ({
  state: "waiting" as const,
  leasedUntil: { [Op.or]: [{ [Op.is]: null }, { [Op.lte]: now }] },
});

const whereOf = ({ state, channel, topic, userId }: OutboxFilter): WhereOptions<OutboxRow> => ({
  ...(state !== undefined && { state }),
  ...(channel !== undefined && { channel }),
  ...(topic !== undefined && { topic }),
  ...(userId !== undefined && { userId }),
});
