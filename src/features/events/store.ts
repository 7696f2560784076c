import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
  Op,
} from "sequelize";
import type { Database, Tx } from "../../database/database.js";
import { instant, inTransaction, reference, serialId } from "../../database/model.js";
import { createPlaceStore } from "./place-store.js";

/** Something that happened, for other services to know. */
export interface EventRow {
  readonly id: number;
  /** What it is called wherever it is told: a UUID. */
  readonly eventId: string;
  readonly name: string;
  /** The account it is about, if any. */
  readonly userId: number | null;
  /** Sealed. */
  readonly payload: string;
  readonly createdAt: Date;
  /** Its place among all that were committed; null until somebody reads them. */
  readonly position: number | null;
}

export function createEventStore(database: Database) {
  class EventModel extends Model<InferAttributes<EventModel>, InferCreationAttributes<EventModel>> {
    declare id: CreationOptional<number>;
    declare eventId: string;
    declare name: string;
    declare userId: number | null;
    declare payload: string;
    declare createdAt: Date;
    declare position: number | null;
  }
  EventModel.init(
    {
      id: serialId(),
      eventId: { type: DataTypes.CHAR(36), allowNull: false },
      name: { type: DataTypes.STRING(64), allowNull: false },
      userId: reference({ allowNull: true }),
      payload: { type: DataTypes.TEXT, allowNull: false },
      createdAt: instant(),
      position: reference({ allowNull: true }),
    },
    { sequelize: database.sequelize, tableName: "events", underscored: true, timestamps: false },
  );
  const places = createPlaceStore(database);

  return {
    async insert(event: Omit<EventRow, "id" | "position">, tx: Tx): Promise<void> {
      await EventModel.create({ ...event, position: null }, inTransaction(tx));
    },

    /** Those of an account, in the order in which they happened. */
    of: (userId: number): Promise<EventRow[]> =>
      EventModel.findAll({ where: { userId }, order: [["id", "ASC"]], raw: true }),

    /** Those behind a place, in the order of their places. */
    behind: (position: number, most: number): Promise<EventRow[]> =>
      EventModel.findAll({
        where: { position: { [Op.gt]: position } },
        order: [["position", "ASC"]],
        limit: most,
        raw: true,
      }),

    /** How far places are given, and up to which of them events may be gone. */
    places: places.read,

    /** Whether committed events wait for their places. */
    hasUnplaced: places.hasUnplaced,

    /** Gives places to some of the events that have none, in their order; answers how many. Only one at a time does so. */
    async place(most: number, tx: Tx): Promise<number> {
      const { given, pruned } = await places.lock(tx);
      const rows = await EventModel.findAll({
        attributes: ["id"],
        where: { position: null },
        order: [["id", "ASC"]],
        limit: most,
        raw: true,
        ...inTransaction(tx),
      });
      if (rows.length === 0) return 0;
      await places.give(
        rows.map(({ id }) => Number(id)),
        given,
        tx,
      );
      await places.write({ given: given + rows.length, pruned }, tx);
      return rows.length;
    },

    /** Whether there is anything from before a moment. */
    hasBefore: async (moment: Date): Promise<boolean> =>
      (await EventModel.findOne({
        attributes: ["id"],
        where: { createdAt: { [Op.lt]: moment } },
        raw: true,
      })) !== null,

    /** Deletes some from before a moment, and notes their places as gone, also those that they never got; answers how many. */
    async deleteBefore(moment: Date, most: number, tx: Tx): Promise<number> {
      const { given, pruned } = await places.lock(tx);
      const rows = await EventModel.findAll({
        attributes: ["id", "position"],
        where: { createdAt: { [Op.lt]: moment } },
        limit: most,
        raw: true,
        ...inTransaction(tx),
      });
      if (rows.length === 0) return 0;
      const unplaced = rows.filter(({ position }) => position === null).length;
      const gone = rows.reduce((most, { position }) => Math.max(most, Number(position ?? 0)), pruned);
      await EventModel.destroy({ where: { id: rows.map(({ id }) => id) }, ...inTransaction(tx) });
      // As if they had been the next: whoever has read up to here has missed them.
      const reached = given + unplaced;
      await places.write({ given: reached, pruned: unplaced > 0 ? reached : gone }, tx);
      return rows.length;
    },
  };
}

export type EventStore = ReturnType<typeof createEventStore>;
