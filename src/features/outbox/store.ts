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

/** Something that is to leave the house. */
export interface OutboxItem {
  readonly id: number;
  readonly kind: string;
  readonly topic: string;
  /** The account it is about, if any. */
  readonly userId: number | null;
  /** Sealed. */
  readonly payload: string;
  /** How often it was claimed. */
  readonly attempts: number;
}

/** An item that a worker holds: whoever claims it later holds one with more attempts. */
export type Claim = Pick<OutboxItem, "id" | "attempts">;

export function createOutboxStore(database: Database) {
  class OutboxModel extends Model<InferAttributes<OutboxModel>, InferCreationAttributes<OutboxModel>> {
    declare id: CreationOptional<number>;
    declare kind: string;
    declare topic: string;
    declare userId: number | null;
    declare payload: string;
    declare attempts: number;
    declare availableAt: Date;
    declare leasedUntil: Date | null;
    declare lastError: string | null;
    declare state: "waiting" | "dead";
    declare createdAt: Date;
  }
  OutboxModel.init(
    {
      id: serialId(),
      kind: { type: DataTypes.STRING(16), allowNull: false },
      topic: { type: DataTypes.STRING(64), allowNull: false },
      userId: reference({ allowNull: true }),
      payload: { type: DataTypes.TEXT, allowNull: false },
      attempts: { type: DataTypes.INTEGER, allowNull: false },
      availableAt: instant(),
      leasedUntil: instant({ allowNull: true }),
      lastError: { type: DataTypes.STRING(255), allowNull: true },
      state: { type: DataTypes.STRING(16), allowNull: false },
      createdAt: instant(),
    },
    { sequelize: database.sequelize, tableName: "outbox", underscored: true, timestamps: false },
  );

  const freeAt = (now: Date) => ({
    state: "waiting" as const,
    availableAt: { [Op.lte]: now },
    leasedUntil: { [Op.or]: [{ [Op.is]: null }, { [Op.lte]: now }] },
  });

  return {
    async insert(item: Omit<OutboxItem, "id" | "attempts">, now: Date, tx: Tx): Promise<void> {
      const fresh = { attempts: 0, leasedUntil: null, lastError: null, state: "waiting" as const };
      await OutboxModel.create(
        { ...item, ...fresh, availableAt: now, createdAt: now },
        { ...inTransaction(tx) },
      );
    },

    /** Items that nobody holds, the longest waiting first. */
    due: (kinds: readonly string[], now: Date, most: number): Promise<OutboxItem[]> =>
      OutboxModel.findAll({
        attributes: ["id", "kind", "topic", "userId", "payload", "attempts"],
        where: { ...freeAt(now), kind: [...kinds] },
        order: ["availableAt", "id"],
        limit: most,
        raw: true,
      }),

    /**
     * Takes a due item until `until`; undefined when another worker was quicker. Counts the attempt at once, so that an
     * item which brings its worker down is given up some day.
     */
    async claim({ id, attempts }: Claim, now: Date, until: Date): Promise<Claim | undefined> {
      const claimed = { id, attempts: attempts + 1 };
      const [count] = await OutboxModel.update(
        { attempts: claimed.attempts, leasedUntil: until },
        { where: { ...freeAt(now), id, attempts } },
      );
      return count === 1 ? claimed : undefined;
    },

    // What follows touches nothing when another worker has taken the item over.

    async remove({ id, attempts }: Claim): Promise<void> {
      await OutboxModel.destroy({ where: { id, attempts } });
    },

    async postpone({ id, attempts }: Claim, availableAt: Date, lastError: string): Promise<void> {
      await OutboxModel.update(
        { availableAt, lastError, leasedUntil: null },
        { where: { id, attempts, state: "waiting" } },
      );
    },

    async bury({ id, attempts }: Claim, lastError: string): Promise<void> {
      await OutboxModel.update(
        { state: "dead", lastError, leasedUntil: null },
        { where: { id, attempts, state: "waiting" } },
      );
    },

    /** Deletes what was queued before `moment` and given up since; answers how many. */
    deleteDead: (moment: Date, most: number): Promise<number> =>
      OutboxModel.destroy({ where: { state: "dead", createdAt: { [Op.lt]: moment } }, limit: most }),
  };
}

export type OutboxStore = ReturnType<typeof createOutboxStore>;
