import {
  type CreationOptional,
  DataTypes,
  IndexHints,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
} from "sequelize";
import type { Database, Tx } from "../../database/database.js";
import { instant, inTransaction, reference, serialId } from "../../database/model.js";
import type { PageRange } from "../../platform/page.js";

function defineActivityModel({ sequelize }: Database) {
  class ActivityModel extends Model<InferAttributes<ActivityModel>, InferCreationAttributes<ActivityModel>> {
    declare id: CreationOptional<number>;
    declare userId: number;
    declare userIp: string;
    declare userAgent: string;
    declare topic: string;
    declare action: string;
    declare result: "succeed" | "failed";
    declare data: string | null;
    declare createdAt: Date;
  }
  ActivityModel.init(
    {
      id: serialId(),
      userId: reference(),
      userIp: { type: DataTypes.STRING(45), allowNull: false },
      userAgent: { type: DataTypes.STRING(512), allowNull: false },
      topic: { type: DataTypes.STRING(32), allowNull: false },
      action: { type: DataTypes.STRING(64), allowNull: false },
      result: { type: DataTypes.STRING(16), allowNull: false },
      data: { type: DataTypes.TEXT, allowNull: true },
      createdAt: instant(),
    },
    { sequelize, tableName: "activities", underscored: true, timestamps: false },
  );
  return ActivityModel;
}

export type Activity = InferAttributes<InstanceType<ReturnType<typeof defineActivityModel>>>;

/** Rows of an account, of one topic if that is said. */
export interface ActivityFilter {
  readonly userId: number;
  readonly topic?: string;
}

/** Answers by itself how many there are and which, so that pages far back cost no more rows than near ones. */
const COVERING_INDEX = "activities_user_topic";

export function createActivityStore(database: Database) {
  const ActivityModel = defineActivityModel(database);

  return {
    async insert(activity: Omit<Activity, "id">, tx?: Tx): Promise<void> {
      await ActivityModel.create(activity, inTransaction(tx));
    },

    /** Whether an account was signed in to from an address. */
    async hasSignIn(from: Pick<Activity, "userId" | "userIp">, actions: readonly string[]): Promise<boolean> {
      const where = { ...from, ...signInBy(actions) };
      return (await ActivityModel.findOne({ where, attributes: ["id"], raw: true })) !== null;
    },

    /** Where an account was signed in to and with what, newest first. */
    signIns: (
      userId: number,
      actions: readonly string[],
      limit: number,
      tx?: Tx,
    ): Promise<Pick<Activity, "userIp" | "userAgent" | "createdAt">[]> =>
      ActivityModel.findAll({
        attributes: ["userIp", "userAgent", "createdAt"],
        where: { userId, ...signInBy(actions) },
        order: [["id", "DESC"]],
        limit,
        raw: true,
        indexHints: [{ type: IndexHints.FORCE, values: [COVERING_INDEX] }],
        ...inTransaction(tx),
      }),

    count: (where: ActivityFilter): Promise<number> => ActivityModel.count({ where: { ...where } }),

    /** Newest first. */
    async page(where: ActivityFilter, { offset, limit }: PageRange): Promise<Activity[]> {
      const order: [string, string][] = [["id", "DESC"]];
      const found = await ActivityModel.findAll({
        where: { ...where },
        attributes: ["id"],
        order,
        offset,
        limit,
        raw: true,
        // MySQL would rather go through everybody's rows by their ids.
        indexHints: [{ type: IndexHints.FORCE, values: [COVERING_INDEX] }],
      });
      return ActivityModel.findAll({ where: { id: found.map(({ id }) => id) }, order, raw: true });
    },

    /** The latest of an account, newest first. */
    latest: (userId: number, limit: number): Promise<Activity[]> =>
      ActivityModel.findAll({ where: { userId }, order: [["id", "DESC"]], limit, raw: true }),
  };
}

export type ActivityStore = ReturnType<typeof createActivityStore>;

/** Under the topic `session` is more: signing out, and what permissions have written down. */
const signInBy = (actions: readonly string[]) => ({
  topic: "session",
  action: [...actions],
  result: "succeed" as const,
});
