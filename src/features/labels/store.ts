import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
} from "sequelize";
import type { Database, Tx } from "../../database/database.js";
import { instant, inTransaction, reference, serialId } from "../../database/model.js";

export type LabelScope = "public" | "private";

function defineLabelModel({ sequelize }: Database) {
  class LabelModel extends Model<InferAttributes<LabelModel>, InferCreationAttributes<LabelModel>> {
    declare id: CreationOptional<number>;
    declare userId: number;
    declare key: string;
    declare value: string;
    declare scope: LabelScope;
    declare createdAt: Date;
    declare updatedAt: Date;
  }
  LabelModel.init(
    {
      id: serialId(),
      userId: reference(),
      key: { type: DataTypes.STRING(255), allowNull: false },
      value: { type: DataTypes.STRING(255), allowNull: false },
      scope: { type: DataTypes.STRING(16), allowNull: false },
      createdAt: instant(),
      updatedAt: instant(),
    },
    { sequelize, tableName: "labels", underscored: true, timestamps: false },
  );
  return LabelModel;
}

export type Label = InferAttributes<InstanceType<ReturnType<typeof defineLabelModel>>>;

/** The unique index of an account's keys, for telling which rule a duplicate broke. */
export const UNIQUE_KEY = "labels_user_key_scope";

const PRIVATE_OF = "SELECT `key`, value FROM labels WHERE user_id = ? AND scope = 'private'";

export function createLabelStore(database: Database) {
  const LabelModel = defineLabelModel(database);

  return {
    /** Those of an account, in the order in which they were made. */
    of: (userId: number, tx?: Tx): Promise<Label[]> =>
      LabelModel.findAll({ where: { userId }, order: [["id", "ASC"]], raw: true, ...inTransaction(tx) }),

    /** The private ones of an account. Verdicts of the gateway ask for them, so it is as cheap as can be. */
    privateOf: (userId: number): Promise<Pick<Label, "key" | "value">[]> =>
      database.read(PRIVATE_OF, [userId]),

    async insert(label: Omit<Label, "id">, tx: Tx): Promise<Label> {
      const row = await LabelModel.create(label, inTransaction(tx));
      return { ...label, id: Number(row.id) };
    },

    async setValue({ id, value, updatedAt }: Label, tx: Tx): Promise<void> {
      await LabelModel.update({ value, updatedAt }, { where: { id }, ...inTransaction(tx) });
    },

    async delete(id: number, tx: Tx): Promise<void> {
      await LabelModel.destroy({ where: { id }, ...inTransaction(tx) });
    },
  };
}

export type LabelStore = ReturnType<typeof createLabelStore>;
