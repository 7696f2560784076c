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

export type Purpose = "confirmation" | "password_reset" | "captcha_pass";

function defineOneTimeTokenModel({ sequelize }: Database) {
  class OneTimeTokenModel extends Model<
    InferAttributes<OneTimeTokenModel>,
    InferCreationAttributes<OneTimeTokenModel>
  > {
    declare id: CreationOptional<number>;
    declare userId: number;
    declare purpose: Purpose;
    declare tokenHash: string;
    declare createdAt: Date;
    declare expiresAt: Date;
    declare usedAt: Date | null;
  }
  OneTimeTokenModel.init(
    {
      id: serialId(),
      userId: reference(),
      purpose: { type: DataTypes.STRING(32), allowNull: false },
      tokenHash: { type: DataTypes.CHAR(64), allowNull: false },
      createdAt: instant(),
      expiresAt: instant(),
      usedAt: instant({ allowNull: true }),
    },
    { sequelize, tableName: "one_time_tokens", underscored: true, timestamps: false },
  );
  return OneTimeTokenModel;
}

export type OneTimeToken = InferAttributes<InstanceType<ReturnType<typeof defineOneTimeTokenModel>>>;

/** Tokens deleted at once. One is enough, as each new token makes room for itself. */
const MAX_DELETED = 100;

export function createTokenStore(database: Database) {
  const OneTimeTokenModel = defineOneTimeTokenModel(database);

  return {
    find: (tokenHash: string, purpose: Purpose, tx?: Tx): Promise<OneTimeToken | null> =>
      OneTimeTokenModel.findOne({ where: { tokenHash, purpose }, raw: true, ...inTransaction(tx) }),

    async insert(token: Omit<OneTimeToken, "id">, tx: Tx): Promise<void> {
      await OneTimeTokenModel.create(token, inTransaction(tx));
    },

    async markAllUsed(userId: number, now: Date, tx: Tx): Promise<void> {
      const where = { userId, usedAt: null };
      await OneTimeTokenModel.update({ usedAt: now }, { where, ...inTransaction(tx) });
    },

    /** Deletes the unused tokens of a purpose but for the newest `kept`. */
    async deleteUnusedBeyond(userId: number, purpose: Purpose, kept: number, tx: Tx): Promise<void> {
      const rows = await OneTimeTokenModel.findAll({
        attributes: ["id"],
        where: { userId, purpose, usedAt: null },
        order: [["id", "DESC"]],
        offset: kept,
        limit: MAX_DELETED,
        raw: true,
        ...inTransaction(tx),
      });
      if (rows.length === 0) return;
      await OneTimeTokenModel.destroy({ where: { id: rows.map(({ id }) => id) }, ...inTransaction(tx) });
    },

    /** Marks a token used; false when it was used already. The condition makes one of two parallel calls fail. */
    async markUsed(id: number, now: Date, tx: Tx): Promise<boolean> {
      const where = { id, usedAt: null };
      const [marked] = await OneTimeTokenModel.update({ usedAt: now }, { where, ...inTransaction(tx) });
      return marked === 1;
    },

    /** Marks a token used that is good until then; false when there is none. The condition makes one of two parallel calls fail. */
    async take(tokenHash: string, purpose: Purpose, now: Date): Promise<boolean> {
      const where = { tokenHash, purpose, usedAt: null, expiresAt: { [Op.gt]: now } };
      const [taken] = await OneTimeTokenModel.update({ usedAt: now }, { where });
      return taken === 1;
    },

    /** Makes a used token good again for as long as it would have been; false when an account has none that has not expired. */
    async restore(userId: number, tokenHash: string, purpose: Purpose, now: Date, tx: Tx): Promise<boolean> {
      const where = { userId, tokenHash, purpose, usedAt: { [Op.ne]: null }, expiresAt: { [Op.gt]: now } };
      const [restored] = await OneTimeTokenModel.update({ usedAt: null }, { where, ...inTransaction(tx) });
      return restored === 1;
    },

    async deleteAll(userId: number, purpose: Purpose, tx: Tx): Promise<void> {
      await OneTimeTokenModel.destroy({ where: { userId, purpose }, ...inTransaction(tx) });
    },

    deleteExpired: (now: Date, most: number): Promise<number> =>
      OneTimeTokenModel.destroy({ where: { expiresAt: { [Op.lte]: now } }, limit: most }),
  };
}

export type TokenStore = ReturnType<typeof createTokenStore>;
