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
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A key is only ever found together with its owner. */
export type OwnKey = Pick<ApiKey, "userId" | "kid">;

export interface ApiKeyChange {
  readonly scope?: readonly string[] | undefined;
  readonly state?: ApiKeyState | undefined;
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
      await ApiKeyModel.create({ ...key, scope: JSON.stringify(key.scope) }, inTransaction(tx));
    },

    /** What is undefined stays. */
    async change({ userId, kid }: OwnKey, { scope, state }: ApiKeyChange, now: Date, tx: Tx): Promise<void> {
      await ApiKeyModel.update(
        {
          ...(scope !== undefined && { scope: JSON.stringify(scope) }),
          ...(state !== undefined && { state }),
          updatedAt: now,
        },
        { where: { userId, kid }, ...inTransaction(tx) },
      );
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
});
