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
import type { PageRange } from "../../platform/page.js";
import type { AccountState, Holder } from "../accounts/accounts.js";

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
    find: (tokenHash: string, tx?: Tx): Promise<Session | null> =>
      SessionModel.findOne({ where: { tokenHash }, raw: true, ...inTransaction(tx) }),

    /** Sessions by the hashes of their tokens, with who holds their accounts: they are asked for with every request to the gateway. */
    async withHolders(tokenHashes: readonly string[], asOf: Date): Promise<ReadonlyMap<string, HeldSession>> {
      const marks = tokenHashes.map(() => "?").join();
      const rows = await database.read<HeldRow>(`${WITH_HOLDER} (${marks})`, tokenHashes);
      return new Map(rows.map((row) => [row.token_hash, heldSessionOf(row, asOf)]));
    },

    /** As `withHolders`, by the ids of the sessions as texts. */
    async withHoldersById(ids: readonly string[], asOf: Date): Promise<ReadonlyMap<string, HeldSession>> {
      const marks = ids.map(() => "?").join();
      const rows = await database.read<HeldRow>(`${WITH_HOLDER_BY_ID} (${marks})`, ids.map(Number));
      return new Map(rows.map((row) => [String(row.session_id), heldSessionOf(row, asOf)]));
    },

    async insert(session: Omit<Session, "id">, tx: Tx): Promise<void> {
      await SessionModel.create(session, inTransaction(tx));
    },

    /** Writes down that a session was seen, unless it has ended or was seen later. */
    async touch(id: number, now: Date): Promise<void> {
      await database.write(TOUCH, [now, id, now]);
    },

    /** False when there was none, or another call has ended it first. */
    async delete(tokenHash: string, tx: Tx): Promise<boolean> {
      return (await SessionModel.destroy({ where: { tokenHash }, ...inTransaction(tx) })) === 1;
    },

    /** How many sessions of an account hold. */
    count: (userId: number, at: Moment): Promise<number> =>
      SessionModel.count({ where: holding(userId, at) }),

    /** Those of an account that hold, newest first. */
    page: (userId: number, at: Moment, { offset, limit }: PageRange): Promise<Session[]> =>
      SessionModel.findAll({
        where: holding(userId, at),
        order: [
          ["createdAt", "DESC"],
          ["id", "DESC"],
        ],
        offset,
        limit,
        raw: true,
      }),

    /** A session that holds, as the transaction sees it. */
    async held({ userId, ...name }: SessionName, at: Moment, tx: Tx): Promise<Session | undefined> {
      const where = { ...name, ...holding(userId, at) };
      return (await SessionModel.findOne({ where, raw: true, ...inTransaction(tx) })) ?? undefined;
    },

    /** Deletes the sessions of an account, but for the one with the id `kept`. */
    async deleteAllBut(userId: number, kept: number | undefined, tx: Tx): Promise<void> {
      const others = kept === undefined ? {} : { id: { [Op.ne]: kept } };
      await SessionModel.destroy({ where: { userId, endedAt: null, ...others }, ...inTransaction(tx) });
    },

    /** Deletes what an account has beyond so many sessions, those unseen for longest; false when it has no more than that. */
    async deleteBeyond(userId: number, at: Moment, most: number, tx: Tx): Promise<boolean> {
      const rows = await SessionModel.findAll({
        attributes: ["id"],
        where: holding(userId, at),
        order: [
          ["lastSeenAt", "DESC"],
          ["id", "DESC"],
        ],
        offset: most,
        limit: MOST_BEYOND,
        raw: true,
        ...inTransaction(tx),
      });
      if (rows.length === 0) return false;
      await SessionModel.destroy({ where: { id: rows.map(({ id }) => id) }, ...inTransaction(tx) });
      return true;
    },

    async endAllOf(userId: number, now: Date, tx: Tx): Promise<void> {
      await SessionModel.update({ endedAt: now }, { where: { userId, endedAt: null }, ...inTransaction(tx) });
    },

    /** Deletes some of those that are over; one condition at a time, since each has an index of its own. */
    async deleteOver(now: Date, unseenSince: Date, most: number): Promise<number> {
      const expired = await SessionModel.destroy({ where: { expiresAt: { [Op.lte]: now } }, limit: most });
      if (expired === most) return expired;
      return SessionModel.destroy({ where: { lastSeenAt: { [Op.lte]: unseenSince } }, limit: most });
    },
  };
}

/** Which session of an account. */
export type SessionName = Pick<Session, "userId"> & (Pick<Session, "id"> | Pick<Session, "tokenHash">);

/** When, and since when a session must have been seen then to hold. */
export interface Moment {
  readonly now: Date;
  readonly unseenSince: Date;
}

const holding = (userId: number, { now, unseenSince }: Moment) => ({
  userId,
  endedAt: null,
  expiresAt: { [Op.gt]: now },
  lastSeenAt: { [Op.gt]: unseenSince },
});

/** More than an account can have, as the setting that bounds them is bounded. */
const MOST_BEYOND = 2000;

/** A session as a verdict looks at it. */
export interface HeldSession {
  readonly id: number;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  readonly endedAt: Date | null;
  readonly account: Holder;
  /** When it was read. */
  readonly asOf: Date;
}

interface HeldRow {
  readonly token_hash: string;
  readonly session_id: number;
  readonly last_seen_at: Date;
  readonly expires_at: Date;
  readonly ended_at: Date | null;
  readonly id: number;
  readonly uid: string;
  readonly email: string;
  readonly role: string;
  readonly level: number;
  readonly otp: boolean | number;
  readonly state: AccountState;
  readonly referral_id: number | null;
  readonly credentials_changed_at: Date | null;
}

const HOLDERS =
  "SELECT s.token_hash, s.id AS session_id, s.last_seen_at, s.expires_at, s.ended_at, u.id, u.uid, u.email, u.role, u.level, u.otp, u.state, " +
  "u.referral_id, u.credentials_changed_at FROM sessions s JOIN users u ON u.id = s.user_id";
const WITH_HOLDER = `${HOLDERS} WHERE s.token_hash IN`;
const WITH_HOLDER_BY_ID = `${HOLDERS} WHERE s.id IN`;

const TOUCH = "UPDATE sessions SET last_seen_at = ? WHERE id = ? AND ended_at IS NULL AND last_seen_at < ?";

const heldSessionOf = (row: HeldRow, asOf: Date): HeldSession => ({
  asOf,
  id: Number(row.session_id),
  lastSeenAt: row.last_seen_at,
  expiresAt: row.expires_at,
  endedAt: row.ended_at,
  account: {
    id: Number(row.id),
    uid: row.uid,
    email: row.email,
    role: row.role,
    level: row.level,
    otp: Boolean(row.otp),
    state: row.state,
    referralId: row.referral_id === null ? null : Number(row.referral_id),
    credentialsChangedAt: row.credentials_changed_at,
  },
});

export type SessionStore = ReturnType<typeof createSessionStore>;
