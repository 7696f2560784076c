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

/** Something that happened, for other services to know. */
export interface EventRow {
  readonly id: number;
  readonly name: string;
  /** The account it is about, if any. */
  readonly userId: number | null;
  /** Sealed. */
  readonly payload: string;
  readonly createdAt: Date;
}

export function createEventStore(database: Database) {
  class EventModel extends Model<InferAttributes<EventModel>, InferCreationAttributes<EventModel>> {
    declare id: CreationOptional<number>;
    declare name: string;
    declare userId: number | null;
    declare payload: string;
    declare createdAt: Date;
  }
  EventModel.init(
    {
      id: serialId(),
      name: { type: DataTypes.STRING(64), allowNull: false },
      userId: reference({ allowNull: true }),
      payload: { type: DataTypes.TEXT, allowNull: false },
      createdAt: instant(),
    },
    { sequelize: database.sequelize, tableName: "events", underscored: true, timestamps: false },
  );

  return {
    async insert(event: Omit<EventRow, "id">, tx: Tx): Promise<void> {
      await EventModel.create(event, inTransaction(tx));
    },

    /** Those of an account, in the order in which they happened. */
    of: (userId: number): Promise<EventRow[]> =>
      EventModel.findAll({ where: { userId }, order: [["id", "ASC"]], raw: true }),

    deleteBefore: (moment: Date, most: number): Promise<number> =>
      EventModel.destroy({ where: { createdAt: { [Op.lt]: moment } }, limit: most }),
  };
}

export type EventStore = ReturnType<typeof createEventStore>;
