import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
} from "sequelize";
import type { Database, Tx } from "../../database/database.js";
import { instant, inTransaction, reference, serialId } from "../../database/model.js";
import type { PageRange } from "../../platform/page.js";

function defineApiKeyModel({ sequelize }: Database) {
  class ApiKeyModel extends Model<InferAttributes<ApiKeyModel>, InferCreationAttributes<ApiKeyModel>> {
    declare id: CreationOptional<number>;
    declare userId: number;
    declare kid: string;
    declare algorithm: string;
    declare scope: string;
    declare state: ApiKeyState;
    declare secretEncrypted: string;
    declare allowedIps: string;
    declare expiresAt: Date | null;
    declare lastUsedAt: Date | null;
    declare createdAt: Date;
    declare updatedAt: Date;
  }
  ApiKeyModel.init(
    {
      id: serialId(),
      userId: reference(),
      kid: { type: DataTypes.STRING(32), allowNull: false },
      algorithm: { type: DataTypes.STRING(16), allowNull: false },
      scope: { type: DataTypes.STRING(2048), allowNull: false },
      state: { type: DataTypes.STRING(16), allowNull: false },
      secretEncrypted: { type: DataTypes.STRING(512), allowNull: false },
      allowedIps: { type: DataTypes.STRING(2048), allowNull: false },
      expiresAt: instant({ allowNull: true }),
      lastUsedAt: instant({ allowNull: true }),
      createdAt: instant(),
      updatedAt: instant(),
    },
    { sequelize, tableName: "api_keys", underscored: true, timestamps: false },
  );
  return ApiKeyModel;
}

export type ApiKeyState = "active" | "inactive" | "disabled";

/** A key as its row says it. */
export interface ApiKey {
  readonly userId: number;
  readonly kid: string;
  readonly algorithm: string;
  readonly scope: readonly string[];
  readonly state: ApiKeyState;
  /** Sealed. */
  readonly secretEncrypted: string;
  /** Addresses and CIDR ranges from which it may be used; everywhere when there are none. */
  readonly allowedIps: readonly string[];
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A key is only ever found together with its owner. */
export type OwnKey = Pick<ApiKey, "userId" | "kid">;

export interface ApiKeyChange {
  readonly scope?: readonly string[] | undefined;
  readonly state?: ApiKeyState | undefined;
  readonly allowedIps?: readonly string[] | undefined;
  readonly expiresAt?: Date | undefined;
}

export function createApiKeyStore(database: Database) {
  const ApiKeyModel = defineApiKeyModel(database);

  return {
    count: (userId: number, tx?: Tx): Promise<number> =>
      ApiKeyModel.count({ where: { userId }, ...inTransaction(tx) }),

    /** Keys of an account, oldest first. */
    async page(userId: number, { offset, limit }: PageRange): Promise<ApiKey[]> {
      const order: [string, string][] = [["id", "ASC"]];
      const rows = await ApiKeyModel.findAll({ where: { userId }, order, offset, limit, raw: true });
      return rows.map(keyOf);
    },

    async find({ userId, kid }: OwnKey, tx?: Tx): Promise<ApiKey | undefined> {
      const row = await ApiKeyModel.findOne({ where: { userId, kid }, raw: true, ...inTransaction(tx) });
      return row === null ? undefined : keyOf(row);
    },

    async insert(key: ApiKey, tx: Tx): Promise<void> {
      const lists = { scope: JSON.stringify(key.scope), allowedIps: key.allowedIps.join() };
      await ApiKeyModel.create({ ...key, ...lists }, inTransaction(tx));
    },

    /** What is undefined stays. */
    async change({ userId, kid }: OwnKey, change: ApiKeyChange, now: Date, tx: Tx): Promise<void> {
      const { scope, state, allowedIps, expiresAt } = change;
      await ApiKeyModel.update(
        {
          ...(scope !== undefined && { scope: JSON.stringify(scope) }),
          ...(allowedIps !== undefined && { allowedIps: allowedIps.join() }),
          ...(state !== undefined && { state }),
          ...(expiresAt !== undefined && { expiresAt }),
          updatedAt: now,
        },
        { where: { userId, kid }, ...inTransaction(tx) },
      );
    },

    /** The ids of the keys of an account that are switched on, oldest first. */
    async activeKids(userId: number, tx: Tx): Promise<string[]> {
      const where = { userId, state: "active" as const };
      const order: [string, string][] = [["id", "ASC"]];
      const rows = await ApiKeyModel.findAll({
        attributes: ["kid"],
        where,
        order,
        raw: true,
        ...inTransaction(tx),
      });
      return rows.map(({ kid }) => kid);
    },

    /** Sets every key of an account that is switched on to `inactive`. */
    async deactivateAll(userId: number, now: Date, tx: Tx): Promise<void> {
      const change = { state: "inactive" as const, updatedAt: now };
      await ApiKeyModel.update(change, { where: { userId, state: "active" }, ...inTransaction(tx) });
    },

    /** False when there was none. */
    async delete({ userId, kid }: OwnKey, tx: Tx): Promise<boolean> {
      return (await ApiKeyModel.destroy({ where: { userId, kid }, ...inTransaction(tx) })) === 1;
    },
  };
}

export type ApiKeyStore = ReturnType<typeof createApiKeyStore>;

const keyOf = (row: InferAttributes<InstanceType<ReturnType<typeof defineApiKeyModel>>>): ApiKey => ({
  ...row,
  userId: Number(row.userId),
  scope: JSON.parse(row.scope),
  allowedIps: listOf(row.allowedIps),
});

const listOf = (text: string): string[] => (text === "" ? [] : text.split(","));
