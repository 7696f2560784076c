import { DataTypes, type InferAttributes, type InferCreationAttributes, Model, Op } from "sequelize";
import type { Database, Tx } from "../../database/database.js";
import { instant, inTransaction } from "../../database/model.js";

function defineOtpSeedModel({ sequelize }: Database) {
  class OtpSeedModel extends Model<InferAttributes<OtpSeedModel>, InferCreationAttributes<OtpSeedModel>> {
    declare userId: number;
    declare seedEncrypted: string;
    declare lastStep: number | null;
    declare createdAt: Date;
  }
  OtpSeedModel.init(
    {
      userId: { type: DataTypes.BIGINT, primaryKey: true },
      seedEncrypted: { type: DataTypes.STRING(512), allowNull: false },
      lastStep: { type: DataTypes.BIGINT, allowNull: true },
      createdAt: instant(),
    },
    { sequelize, tableName: "otp_seeds", underscored: true, timestamps: false },
  );
  return OtpSeedModel;
}

export type OtpSeed = InferAttributes<InstanceType<ReturnType<typeof defineOtpSeedModel>>>;

export function createOtpStore(database: Database) {
  const OtpSeedModel = defineOtpSeedModel(database);

  return {
    find: (userId: number, tx?: Tx): Promise<OtpSeed | null> =>
      OtpSeedModel.findOne({ where: { userId }, raw: true, ...inTransaction(tx) }),

    async replace(seed: OtpSeed, tx: Tx): Promise<void> {
      await OtpSeedModel.destroy({ where: { userId: seed.userId }, ...inTransaction(tx) });
      await OtpSeedModel.create(seed, inTransaction(tx));
    },

    async delete(userId: number, tx: Tx): Promise<void> {
      await OtpSeedModel.destroy({ where: { userId }, ...inTransaction(tx) });
    },

    /**
     * Remembers that the code of a time step was used; false when it, or a later one, was used already, or the seed was replaced.
     * One statement, so that of parallel uses one succeeds.
     */
    async useStep(
      { userId, seedEncrypted }: Pick<OtpSeed, "userId" | "seedEncrypted">,
      step: number,
      tx?: Tx,
    ): Promise<boolean> {
      const unused = { [Op.or]: [{ lastStep: null }, { lastStep: { [Op.lt]: step } }] };
      const where = { userId, seedEncrypted, ...unused };
      const [used] = await OtpSeedModel.update({ lastStep: step }, { where, ...inTransaction(tx) });
      return used === 1;
    },
  };
}

export type OtpStore = ReturnType<typeof createOtpStore>;
