import { DataTypes, type InferAttributes, type InferCreationAttributes, literal, Model, Op } from "sequelize";
import type { Database } from "../../database/database.js";
import { isUniqueViolation } from "../../database/errors.js";
import { instant } from "../../database/model.js";

function defineThrottleModel({ sequelize }: Database) {
  class ThrottleModel extends Model<InferAttributes<ThrottleModel>, InferCreationAttributes<ThrottleModel>> {
    declare bucket: string;
    declare count: number;
    declare resetsAt: Date;
  }
  ThrottleModel.init(
    {
      bucket: { type: DataTypes.CHAR(64), primaryKey: true },
      count: { type: DataTypes.INTEGER, allowNull: false },
      resetsAt: instant(),
    },
    { sequelize, tableName: "throttles", underscored: true, timestamps: false },
  );
  return ThrottleModel;
}

export function createThrottleStore(database: Database) {
  const ThrottleModel = defineThrottleModel(database);

  return {
    /** Counts one more in a running window that has room left. One statement, so that parallel calls share the room. */
    async count(bucket: string, most: number, now: Date): Promise<boolean> {
      const where = { bucket, resetsAt: { [Op.gt]: now }, count: { [Op.lt]: most } };
      const [counted] = await ThrottleModel.update({ count: literal("`count` + 1") }, { where });
      return counted === 1;
    },

    /** Opens a window with one counted; false when there is a running one. */
    async open(bucket: string, now: Date, resetsAt: Date): Promise<boolean> {
      const over = { bucket, resetsAt: { [Op.lte]: now } };
      const [reopened] = await ThrottleModel.update({ count: 1, resetsAt }, { where: over });
      if (reopened === 1) return true;
      try {
        await ThrottleModel.create({ bucket, count: 1, resetsAt });
        return true;
      } catch (fault) {
        if (isUniqueViolation(fault)) return false;
        throw fault;
      }
    },

    async uncount(bucket: string): Promise<void> {
      const where = { bucket, count: { [Op.gt]: 0 } };
      await ThrottleModel.update({ count: literal("`count` - 1") }, { where });
    },

    async resetsAt(bucket: string): Promise<Date | undefined> {
      return (await ThrottleModel.findOne({ where: { bucket }, raw: true }))?.resetsAt;
    },

    /** The row stays: to a parallel call that has seen it, its absence would look like a full window. */
    async forget(bucket: string): Promise<void> {
      await ThrottleModel.update({ count: 0 }, { where: { bucket } });
    },

    deleteOver: (now: Date, most: number): Promise<number> =>
      ThrottleModel.destroy({ where: { resetsAt: { [Op.lte]: now } }, limit: most }),
  };
}

export type ThrottleStore = ReturnType<typeof createThrottleStore>;
