import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  literal,
  Model,
  Op,
} from "sequelize";
import type { Database, Tx } from "../../database/database.js";
import { instant, inTransaction, reference, serialId } from "../../database/model.js";

function definePhoneModel({ sequelize }: Database) {
  class PhoneModel extends Model<InferAttributes<PhoneModel>, InferCreationAttributes<PhoneModel>> {
    declare id: CreationOptional<number>;
    declare userId: number;
    declare country: string;
    declare number: string;
    declare codeHash: string | null;
    declare codeExpiresAt: Date | null;
    declare codeAttempts: number;
    declare codeCheckedBy: string | null;
    declare validatedAt: Date | null;
    declare validatedNumber: string | null;
    declare createdAt: Date;
    declare updatedAt: Date;
  }
  PhoneModel.init(
    {
      id: serialId(),
      userId: reference(),
      country: { type: DataTypes.STRING(2), allowNull: false },
      number: { type: DataTypes.STRING(32), allowNull: false },
      codeHash: { type: DataTypes.CHAR(64), allowNull: true },
      codeExpiresAt: instant({ allowNull: true }),
      codeAttempts: { type: DataTypes.INTEGER, allowNull: false },
      codeCheckedBy: { type: DataTypes.STRING(32), allowNull: true },
      validatedAt: instant({ allowNull: true }),
      validatedNumber: { type: DataTypes.STRING(32), allowNull: true },
      createdAt: instant(),
      updatedAt: instant(),
    },
    { sequelize, tableName: "phones", underscored: true, timestamps: false },
  );
  return PhoneModel;
}

/**
 * A number of an account. `validatedNumber` is the number once it is verified; `updatedAt` moves with every code. `codeCheckedBy` is the
 * vendor who texted a code of his own in place of ours, and alone knows it.
 */
export type Phone = InferAttributes<InstanceType<ReturnType<typeof definePhoneModel>>>;

/** The unique index of verified numbers, for telling which rule a duplicate broke. */
export const UNIQUE_VERIFIED = "phones_validated_number";

interface NewCode {
  readonly hash: string;
  readonly expiresAt: Date;
  /** Wrong guesses at the code before count for this one too. */
  readonly keepsGuesses: boolean;
}

export function createPhoneStore(database: Database) {
  const PhoneModel = definePhoneModel(database);

  const find = (userId: number, number: string, tx?: Tx): Promise<Phone | null> =>
    PhoneModel.findOne({ where: { userId, number }, raw: true, ...inTransaction(tx) });

  return {
    find,

    /** Oldest first. */
    ofAccount: (userId: number, tx?: Tx): Promise<Phone[]> =>
      PhoneModel.findAll({ where: { userId }, order: [["id", "ASC"]], raw: true, ...inTransaction(tx) }),

    /** Whether an account, whichever, has verified the number. */
    async isVerified(number: string, tx?: Tx): Promise<boolean> {
      const where = { validatedNumber: number };
      return (await PhoneModel.findOne({ where, raw: true, ...inTransaction(tx) })) !== null;
    },

    /** Whether another account has asked for a code to the same number since a moment. */
    async isContested({ userId, number }: Phone, since: Date): Promise<boolean> {
      const where = { number, userId: { [Op.ne]: userId }, updatedAt: { [Op.gt]: since } };
      return (await PhoneModel.findOne({ where, raw: true })) !== null;
    },

    async insert(
      { userId, country, number }: Pick<Phone, "userId" | "country" | "number">,
      now: Date,
      tx: Tx,
    ) {
      const unverified = { codeHash: null, codeExpiresAt: null, validatedAt: null, validatedNumber: null };
      const phone = {
        userId,
        country,
        number,
        ...unverified,
        codeAttempts: 0,
        codeCheckedBy: null,
        createdAt: now,
        updatedAt: now,
      };
      await PhoneModel.create(phone, inTransaction(tx));
    },

    /** Deletes the account's numbers that are not verified and got no code since; answers how many they were. */
    deleteUnverified: (userId: number, since: Date, tx: Tx): Promise<number> =>
      PhoneModel.destroy({
        where: { userId, validatedAt: null, updatedAt: { [Op.lt]: since } },
        ...inTransaction(tx),
      }),

    /** Puts a new code in place of the one before; false when the account has no such number that waits for one. */
    async setCode(
      userId: number,
      number: string,
      { hash, expiresAt, keepsGuesses }: NewCode,
      now: Date,
      tx: Tx,
    ) {
      const unused = { ...(!keepsGuesses && { codeAttempts: 0 }), codeCheckedBy: null };
      const code = { codeHash: hash, codeExpiresAt: expiresAt, ...unused, updatedAt: now };
      const where = { userId, number, validatedAt: null };
      const [changed] = await PhoneModel.update(code, { where, ...inTransaction(tx) });
      return changed === 1;
    },

    /** Notes who knows the code that is being texted, unless it was replaced or used meanwhile. */
    async setCheckedBy({ id, codeHash }: Phone, provider: string | null, tx: Tx): Promise<void> {
      await PhoneModel.update({ codeCheckedBy: provider }, { where: { id, codeHash }, ...inTransaction(tx) });
    },

    /**
     * Counts a guess at the living code of a number, and answers the row with that code; undefined when there is no living one.
     * The row is locked from the count on, so that parallel guesses count one by one.
     */
    async countGuess(
      userId: number,
      number: string,
      most: number,
      now: Date,
      tx: Tx,
    ): Promise<Phone | undefined> {
      const living = { codeExpiresAt: { [Op.gt]: now }, codeAttempts: { [Op.lt]: most } };
      const where = { userId, number, validatedAt: null, ...living };
      const more = { codeAttempts: literal("`code_attempts` + 1") };
      const [counted] = await PhoneModel.update(more, { where, ...inTransaction(tx) });
      return counted === 1 ? ((await find(userId, number, tx)) ?? undefined) : undefined;
    },

    /** Takes a guess back at which nobody has looked. */
    async uncountGuess({ id, codeHash }: Phone, tx: Tx): Promise<void> {
      const less = { codeAttempts: literal("`code_attempts` - 1") };
      const where = { id, codeHash, codeAttempts: { [Op.gt]: 0 } };
      await PhoneModel.update(less, { where, ...inTransaction(tx) });
    },

    /** Marks a number verified by its code; false when the code was used or replaced meanwhile. */
    async verify({ id, number, codeHash }: Phone, now: Date, tx: Tx): Promise<boolean> {
      const verified = { validatedAt: now, validatedNumber: number, updatedAt: now };
      const used = { codeHash: null, codeExpiresAt: null };
      const where = { id, codeHash };
      const [changed] = await PhoneModel.update({ ...verified, ...used }, { where, ...inTransaction(tx) });
      return changed === 1;
    },
  };
}

export type PhoneStore = ReturnType<typeof createPhoneStore>;
