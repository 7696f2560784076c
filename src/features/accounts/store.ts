import {
  type CreationOptional,
  col,
  DataTypes,
  fn,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
  Op,
  type Order,
  type WhereOptions,
} from "sequelize";
import type { Database, Tx } from "../../database/database.js";
import { instant, inTransaction, reference, serialId } from "../../database/model.js";
import type { Selection } from "./search-rules.js";
import type { Slice } from "./slice.js";

function defineAccountModel({ sequelize }: Database) {
  class AccountModel extends Model<InferAttributes<AccountModel>, InferCreationAttributes<AccountModel>> {
    declare id: CreationOptional<number>;
    declare uid: string;
    declare email: string;
    declare passwordDigest: string;
    declare role: string;
    declare level: number;
    declare otp: boolean;
    declare state: AccountState;
    declare referralId: number | null;
    declare passwordChangedAt: Date | null;
    declare credentialsChangedAt: Date | null;
    declare language: string | null;
    declare createdAt: Date;
    declare updatedAt: Date;
  }
  AccountModel.init(
    {
      id: serialId(),
      uid: { type: DataTypes.STRING(32), allowNull: false },
      email: { type: DataTypes.STRING(255), allowNull: false },
      passwordDigest: { type: DataTypes.STRING(255), allowNull: false },
      role: { type: DataTypes.STRING(32), allowNull: false },
      level: { type: DataTypes.INTEGER, allowNull: false },
      otp: { type: DataTypes.BOOLEAN, allowNull: false },
      state: { type: DataTypes.STRING(32), allowNull: false },
      referralId: reference({ allowNull: true }),
      passwordChangedAt: instant({ allowNull: true }),
      credentialsChangedAt: instant({ allowNull: true }),
      language: { type: DataTypes.STRING(35), allowNull: true },
      createdAt: instant(),
      updatedAt: instant(),
    },
    { sequelize, tableName: "users", underscored: true, timestamps: false },
  );
  return AccountModel;
}

export type AccountState = "pending" | "active" | "banned" | "locked" | "deleted";

/** An account as its row says it. The e-mail address is in the form of `normaliseEmail`. */
export interface Account {
  readonly id: number;
  readonly uid: string;
  readonly email: string;
  readonly passwordDigest: string;
  readonly role: string;
  readonly level: number;
  readonly otp: boolean;
  readonly state: AccountState;
  readonly referralId: number | null;
  readonly passwordChangedAt: Date | null;
  /** When the password, second factor, role or state last changed. */
  readonly credentialsChangedAt: Date | null;
  /** In which its owner is written to, as a tag such as `pt-BR`; null while nobody has named one. */
  readonly language: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What every verdict about who holds an account looks at. */
export type Holder = Pick<
  Account,
  "id" | "uid" | "email" | "role" | "level" | "otp" | "state" | "referralId" | "credentialsChangedAt"
>;

/** An account without its secrets, and without what is nobody's business but the server's. */
export type ListedAccount = Omit<
  Account,
  "passwordDigest" | "passwordChangedAt" | "credentialsChangedAt" | "language"
>;

export type NewAccount = Omit<Account, "id" | "passwordChangedAt" | "credentialsChangedAt">;
export type AccountChange = Partial<Pick<Account, "role" | "level" | "otp" | "state" | "passwordDigest">>;

/** The unique index of addresses, for telling which rule a duplicate broke. */
export const UNIQUE_EMAIL = "users_email";

export function createAccountStore(database: Database) {
  const AccountModel = defineAccountModel(database);

  const find = async (where: Partial<Pick<Account, "id" | "uid" | "email">>, tx?: Tx) => {
    const row = await AccountModel.findOne({ where, raw: true, ...inTransaction(tx) });
    return row === null ? undefined : accountOf(row);
  };

  return {
    byId: (id: number, tx?: Tx) => find({ id }, tx),
    byUid: (uid: string, tx?: Tx) => find({ uid }, tx),
    byEmail: (email: string, tx?: Tx) => find({ email }, tx),

    /** The account, locked until the transaction ends, so that what is decided about it holds. */
    async lock(id: number, tx: Tx): Promise<Account | undefined> {
      const row = await AccountModel.findOne({ where: { id }, raw: true, lock: true, ...inTransaction(tx) });
      return row === null ? undefined : accountOf(row);
    },

    async firstWithRole(role: string): Promise<Account | undefined> {
      const row = await AccountModel.findOne({ where: { role }, order: [["id", "ASC"]], raw: true });
      return row === null ? undefined : accountOf(row);
    },

    /** How many accounts there are, or are selected, and the newest of them: those that come later are not counted. */
    async count(selection?: Selection): Promise<{ total: number; newestId: number }> {
      const attributes: [ReturnType<typeof fn>, string][] = [
        [fn("COUNT", col("id")), "total"],
        [fn("MAX", col("id")), "newestId"],
      ];
      const row: unknown = await AccountModel.findOne({
        attributes,
        where: conditionOf(selection),
        raw: true,
      });
      const { total, newestId } = row as { readonly total: number; readonly newestId: number | null };
      return { total: Number(total), newestId: Number(newestId) };
    },

    /** The ids of some of the counted accounts, in the order of the field by which they are selected, else oldest first. */
    async idsIn(
      { offset, limit, fromEnd }: Slice,
      { selection, newestId }: { readonly selection: Selection | undefined; readonly newestId: number },
    ): Promise<number[]> {
      const rows = await AccountModel.findAll({
        attributes: ["id"],
        where: { ...conditionOf(selection), id: { [Op.lte]: newestId } },
        order: orderOf(selection, fromEnd ? "DESC" : "ASC"),
        offset,
        limit,
        raw: true,
      });
      const ids = rows.map(({ id }) => Number(id));
      return fromEnd ? ids.reverse() : ids;
    },

    /** Accounts by their ids, in no order. */
    async listed(ids: readonly number[]): Promise<ListedAccount[]> {
      const unlisted = ["passwordDigest", "passwordChangedAt", "credentialsChangedAt", "language"];
      const where = { id: [...ids] };
      const rows = await AccountModel.findAll({ attributes: { exclude: unlisted }, where, raw: true });
      return rows.map(typed);
    },

    uids: (ids: readonly number[]): Promise<Pick<Account, "id" | "uid">[]> =>
      AccountModel.findAll({ attributes: ["id", "uid"], where: { id: [...ids] }, raw: true }),

    /** Keeps the language of an account that has none yet. */
    async setFirstLanguage(id: number, language: string, tx: Tx): Promise<void> {
      await AccountModel.update({ language }, { where: { id, language: null }, ...inTransaction(tx) });
    },

    async insert(account: NewAccount, tx: Tx): Promise<Account> {
      const fresh = { ...account, passwordChangedAt: null, credentialsChangedAt: null };
      const row = await AccountModel.create(fresh, inTransaction(tx));
      return { ...fresh, id: Number(row.id) };
    },

    async change(id: number, change: AccountChange, now: Date, tx?: Tx): Promise<void> {
      const password = change.passwordDigest === undefined ? {} : { passwordChangedAt: now };
      const { level: _level, ...credentials } = change;
      const anew = Object.keys(credentials).length === 0 ? {} : { credentialsChangedAt: now };
      await AccountModel.update(
        { ...change, ...password, ...anew, updatedAt: now },
        { where: { id }, ...inTransaction(tx) },
      );
    },

    /** Replaces a digest by a stronger one of the same password, unless the password has been changed meanwhile. */
    async strengthenDigest(id: number, from: string, to: string): Promise<void> {
      await AccountModel.update({ passwordDigest: to }, { where: { id, passwordDigest: from } });
    },
  };
}

export type AccountStore = ReturnType<typeof createAccountStore>;

function accountOf(row: InferAttributes<InstanceType<ReturnType<typeof defineAccountModel>>>): Account {
  return typed(row);
}

const typed = <Row extends Pick<Account, "id" | "otp" | "referralId">>(row: Row): Row => ({
  ...row,
  id: Number(row.id),
  otp: Boolean(row.otp),
  referralId: row.referralId === null ? null : Number(row.referralId),
});

function conditionOf(selection: Selection | undefined): WhereOptions<Account> {
  if (selection === undefined) return {};
  const { field, wanted } = selection;
  if (typeof wanted !== "object") return { [field]: wanted };
  // A range and not LIKE, which has wildcards, and finds no index on SQLite.
  return { [field]: { [Op.gte]: wanted.from, ...(wanted.below !== undefined && { [Op.lt]: wanted.below }) } };
}

function orderOf(selection: Selection | undefined, direction: "ASC" | "DESC"): Order {
  if (selection === undefined) return [["id", direction]];
  const { field } = selection;
  // Nothing is left to order behind a field that is unique, and asking for it would cost a sort.
  const isUnique = field === "email" || field === "uid";
  return isUnique
    ? [[field, direction]]
    : [
        [field, direction],
        ["id", direction],
      ];
}
