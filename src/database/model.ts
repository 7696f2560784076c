import { DataTypes, type ModelAttributeColumnOptions, type Transaction } from "sequelize";
import type { Tx } from "./database.js";

/**
 * Column definitions that the models of all rooms share. A room's `store.ts` defines its model inside its `create`
 * function, so that every database gets a model of its own:
 *
 * ```ts
 * export function createPhoneStore(database: Database) {
 *   class PhoneModel extends Model<InferAttributes<PhoneModel>, InferCreationAttributes<PhoneModel>> {
 *     declare id: CreationOptional<number>;   // `declare`: a plain class field would hide the column's value
 *     declare userId: number;
 *     declare validatedAt: Date | null;
 *     declare createdAt: Date;
 *   }
 *   PhoneModel.init(
 *     { id: serialId(), userId: reference(), validatedAt: instant({ allowNull: true }), createdAt: instant() },
 *     { sequelize: database.sequelize, tableName: "phones", underscored: true, timestamps: false },
 *   );
 *   return {
 *     find: (id: number, tx?: Tx) => PhoneModel.findOne({ where: { id }, raw: true, ...inTransaction(tx) }),
 *   };
 * }
 * ```
 *
 * `raw: true` answers plain rows, in which dates are `Date` and booleans `boolean` on both databases; columns computed
 * in SQL, such as MAX(created_at), are text on SQLite. Times are given by the caller: there is no hidden clock.
 * Dates belong into `where` or `bind`, for `replacements` drop their milliseconds on MySQL. An UPDATE counts the rows it
 * found on both databases.
 */
export const serialId = (): ModelAttributeColumnOptions => ({
  type: DataTypes.BIGINT,
  primaryKey: true,
  autoIncrement: true,
});

/** The id of a row of another table. */
export const reference = ({ allowNull = false } = {}): ModelAttributeColumnOptions => ({
  type: DataTypes.BIGINT,
  allowNull,
});

/** A moment, to the millisecond. */
export const instant = ({ allowNull = false } = {}): ModelAttributeColumnOptions => ({
  type: DataTypes.DATE(3),
  allowNull,
});

/** The option by which a query joins a transaction: `findAll({ ..., ...inTransaction(tx) })`. */
export const inTransaction = (tx: Tx | undefined): { transaction?: Transaction } =>
  tx === undefined ? {} : { transaction: tx.transaction };
