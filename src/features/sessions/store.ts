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

function defineSessionModel({ sequelize }: Database) {
  class SessionModel extends Model<InferAttributes<SessionModel>, InferCreationAttributes<SessionModel>> {
    declare id: CreationOptional<number>;
    declare userId: number;
    declare tokenHash: string;
    declare ip: string;
    declare userAgent: string;
    declare createdAt: Date;
    declare lastSeenAt: Date;
    declare expiresAt: Date;
    declare endedAt: Date | null;
  }
  SessionModel.init(
    {
      id: serialId(),
      userId: reference(),
      tokenHash: { type: DataTypes.CHAR(64), allowNull: false },
      ip: { type: DataTypes.STRING(45), allowNull: false },
      userAgent: { type: DataTypes.STRING(512), allowNull: false },
      createdAt: instant(),
      lastSeenAt: instant(),
      expiresAt: instant(),
      endedAt: instant({ allowNull: true }),
    },
    { sequelize, tableName: "sessions", underscored: true, timestamps: false },
  );
  return SessionModel;
}

export type Session = InferAttributes<InstanceType<ReturnType<typeof defineSessionModel>>>;

export function createSessionStore(database: Database) {
  const SessionModel = defineSessionModel(database);

  return {
    find: (tokenHash: string): Promise<Session | null> =>
      SessionModel.findOne({ where: { tokenHash }, raw: true }),

    async insert(session: Omit<Session, "id">, tx: Tx): Promise<void> {
      await SessionModel.create(session, inTransaction(tx));
    },

    async touch(id: number, now: Date): Promise<void> {
      await SessionModel.update({ lastSeenAt: now }, { where: { id } });
    },

    /** False when there was none, or another call has ended it first. */
    async delete(tokenHash: string, tx: Tx): Promise<boolean> {
      return (await SessionModel.destroy({ where: { tokenHash }, ...inTransaction(tx) })) === 1;
    },

    async endAllOf(userId: number, now: Date, tx: Tx): Promise<void> {
      await SessionModel.update({ endedAt: now }, { where: { userId, endedAt: null }, ...inTransaction(tx) });
    },

    deleteOver: (now: Date, unseenSince: Date, most: number): Promise<number> => {
      const over = [{ expiresAt: { [Op.lte]: now } }, { lastSeenAt: { [Op.lte]: unseenSince } }];
      return SessionModel.destroy({ where: { [Op.or]: over }, limit: most });
    },
  };
}

export type SessionStore = ReturnType<typeof createSessionStore>;
