import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
} from "sequelize";
import type { Database, Tx } from "../../database/database.js";
import { instant, inTransaction, reference, serialId } from "../../database/model.js";

/** Who the owner of an account says to be. */
export interface Profile {
  readonly userId: number;
  readonly firstName: string;
  readonly lastName: string;
  /** `YYYY-MM-DD`. */
  readonly dob: string;
  readonly address: string;
  readonly postcode: string;
  readonly city: string;
  /** ISO 3166-1 alpha-2 or alpha-3, as it was given. */
  readonly country: string;
  /** JSON of an object. */
  readonly metadata: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** The unique index of accounts, for telling which rule a duplicate broke. */
export const UNIQUE_ACCOUNT = "profiles_user_id";

export function createProfileStore(database: Database) {
  class ProfileModel extends Model<InferAttributes<ProfileModel>, InferCreationAttributes<ProfileModel>> {
    declare id: CreationOptional<number>;
    declare userId: number;
    declare firstName: string;
    declare lastName: string;
    declare dob: string;
    declare address: string;
    declare postcode: string;
    declare city: string;
    declare country: string;
    declare metadata: string | null;
    declare createdAt: Date;
    declare updatedAt: Date;
  }
  ProfileModel.init(
    {
      id: serialId(),
      userId: reference(),
      firstName: { type: DataTypes.STRING(255), allowNull: false },
      lastName: { type: DataTypes.STRING(255), allowNull: false },
      dob: { type: DataTypes.STRING(10), allowNull: false },
      address: { type: DataTypes.STRING(255), allowNull: false },
      postcode: { type: DataTypes.STRING(255), allowNull: false },
      city: { type: DataTypes.STRING(255), allowNull: false },
      country: { type: DataTypes.STRING(3), allowNull: false },
      metadata: { type: DataTypes.TEXT, allowNull: true },
      createdAt: instant(),
      updatedAt: instant(),
    },
    { sequelize: database.sequelize, tableName: "profiles", underscored: true, timestamps: false },
  );

  return {
    async of(userId: number, tx?: Tx): Promise<Profile | undefined> {
      const row = await ProfileModel.findOne({ where: { userId }, raw: true, ...inTransaction(tx) });
      return row ?? undefined;
    },

    async insert(profile: Profile, tx: Tx): Promise<void> {
      await ProfileModel.create(profile, inTransaction(tx));
    },
  };
}

export type ProfileStore = ReturnType<typeof createProfileStore>;
