import { DataTypes, type InferAttributes, type InferCreationAttributes, Model } from "sequelize";
import type { Database, Tx } from "../../database/database.js";
import { inTransaction } from "../../database/model.js";
import type { Level } from "./rules.js";

function defineLevelModel({ sequelize }: Database) {
  class LevelModel extends Model<InferAttributes<LevelModel>, InferCreationAttributes<LevelModel>> {
    declare id: number;
    declare key: string;
    declare value: string;
    declare description: string;
  }
  LevelModel.init(
    {
      id: { type: DataTypes.INTEGER, primaryKey: true },
      key: { type: DataTypes.STRING(255), allowNull: false },
      value: { type: DataTypes.STRING(255), allowNull: false },
      description: { type: DataTypes.STRING(255), allowNull: false },
    },
    { sequelize, tableName: "levels", timestamps: false },
  );
  return LevelModel;
}

export function createLevelStore(database: Database) {
  const LevelModel = defineLevelModel(database);

  return {
    async ascending(tx?: Tx): Promise<Level[]> {
      const rows = await LevelModel.findAll({ order: [["id", "ASC"]], raw: true, ...inTransaction(tx) });
      return rows.map(({ id, key, value }) => ({ number: id, key, value }));
    },
  };
}

export type LevelStore = ReturnType<typeof createLevelStore>;
