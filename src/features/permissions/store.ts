import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
} from "sequelize";
import type { Database, Tx } from "../../database/database.js";
import { instant, inTransaction, serialId } from "../../database/model.js";
import type { PageRange } from "../../platform/page.js";

export type PermissionAction = "accept" | "drop" | "audit";
/** How somebody has to prove who he is. */
export type PermissionCaller = "any" | "session" | "api_key";

function definePermissionModel({ sequelize }: Database) {
  class PermissionModel extends Model<
    InferAttributes<PermissionModel>,
    InferCreationAttributes<PermissionModel>
  > {
    declare id: CreationOptional<number>;
    declare role: string;
    declare verb: string;
    declare path: string;
    declare action: PermissionAction;
    declare caller: PermissionCaller;
    declare minLevel: number | null;
    declare label: string | null;
    declare scope: string | null;
    declare topic: string | null;
    declare createdAt: Date;
    declare updatedAt: Date;
  }
  PermissionModel.init(
    {
      id: serialId(),
      role: { type: DataTypes.STRING(32), allowNull: false },
      verb: { type: DataTypes.STRING(16), allowNull: false },
      path: { type: DataTypes.STRING(255), allowNull: false },
      action: { type: DataTypes.STRING(16), allowNull: false },
      caller: { type: DataTypes.STRING(16), allowNull: false },
      minLevel: { type: DataTypes.INTEGER, allowNull: true },
      label: { type: DataTypes.STRING(511), allowNull: true },
      scope: { type: DataTypes.STRING(255), allowNull: true },
      topic: { type: DataTypes.STRING(32), allowNull: true },
      createdAt: instant(),
      updatedAt: instant(),
    },
    { sequelize, tableName: "permissions", underscored: true, timestamps: false },
  );
  return PermissionModel;
}

export type Permission = Readonly<InferAttributes<InstanceType<ReturnType<typeof definePermissionModel>>>>;

/** What a permission says, without what the table adds. */
export type PermissionTerms = Omit<Permission, "id" | "createdAt" | "updatedAt">;

const ALL =
  "SELECT id, role, verb, path, action, caller, min_level AS minLevel, label, scope, topic, " +
  "created_at AS createdAt, updated_at AS updatedAt FROM permissions ORDER BY id";

/** Answers rows as they are written, also by hands other than ours: to be compared they are `normalised` first. */
export function createPermissionStore(database: Database) {
  const PermissionModel = definePermissionModel(database);
  const order: [string, string][] = [["id", "ASC"]];

  return {
    /** All of them, oldest first, as cheap as can be: every process asks for them every few seconds. */
    all: (): Promise<Permission[]> => database.read<Permission>(ALL, []),

    /** All of them, oldest first, locked until the transaction ends, so that changes come one after the other. */
    lockAll: (tx: Tx): Promise<Permission[]> =>
      PermissionModel.findAll({ order, raw: true, lock: true, ...inTransaction(tx) }),

    count: (): Promise<number> => PermissionModel.count(),

    page: ({ offset, limit }: PageRange): Promise<Permission[]> =>
      PermissionModel.findAll({ order, offset, limit, raw: true }),

    async insert(permission: Omit<Permission, "id">, tx: Tx): Promise<Permission> {
      const row = await PermissionModel.create(permission, inTransaction(tx));
      return { ...permission, id: Number(row.id) };
    },

    async replace({ id, ...rest }: Permission, tx: Tx): Promise<void> {
      await PermissionModel.update(rest, { where: { id }, ...inTransaction(tx) });
    },

    async delete(id: number, tx: Tx): Promise<void> {
      await PermissionModel.destroy({ where: { id }, ...inTransaction(tx) });
    },
  };
}

export type PermissionStore = ReturnType<typeof createPermissionStore>;
