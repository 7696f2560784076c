import type { CreationOptional } from "sequelize";
import { DataTypes, type InferAttributes, type InferCreationAttributes, Model, QueryTypes } from "sequelize";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "../../src/database/database.js";
import { isUniqueViolation } from "../../src/database/errors.js";
import { instant, inTransaction, serialId } from "../../src/database/model.js";
import { describeEachDatabase, openMigrated } from "../support/databases.js";
import { insertAccount } from "./accounts-table.js";

function defineSamples(database: Database) {
  class Sample extends Model<InferAttributes<Sample>, InferCreationAttributes<Sample>> {
    declare id: CreationOptional<number>;
    declare seenAt: Date | null;
    declare isOpen: boolean;
    declare facts: object | null;
    declare day: string | null;
    declare large: string | number | null;
    declare bytes: Buffer | null;
  }
  return Sample.init(
    {
      id: serialId(),
      seenAt: instant({ allowNull: true }),
      isOpen: { type: DataTypes.BOOLEAN, allowNull: false },
      facts: DataTypes.JSON,
      day: DataTypes.DATEONLY,
      large: DataTypes.BIGINT,
      bytes: DataTypes.BLOB,
    },
    { sequelize: database.sequelize, tableName: "samples", underscored: true, timestamps: false },
  );
}

describeEachDatabase("rows", (kind) => {
  let opened: Awaited<ReturnType<typeof openMigrated>>;
  let database: Database;
  let samples: ReturnType<typeof defineSamples>;

  beforeAll(async () => {
    opened = await openMigrated(kind);
    database = opened.database;
    samples = defineSamples(database);
    await samples.sync();
  });
  afterAll(() => opened.close());

  const stored = {
    seenAt: new Date("2026-03-04T05:06:07.089Z"),
    isOpen: true,
    facts: { list: [1, "two", null] },
    day: "2026-02-28",
    large: "9007199254740993",
    bytes: Buffer.from([0, 1, 255]),
  };

  test("have the same types from a model, raw, from SQL and from SQL with parameters", async () => {
    const { id } = await samples.create(stored);
    const expected = { id, ...stored };
    const columns = "id, seen_at AS seenAt, is_open AS isOpen, facts, day, large, bytes";
    const type = QueryTypes.SELECT as const;

    const model = await samples.findByPk(id);
    const raw = await samples.findOne({ where: { id, seenAt: stored.seenAt }, raw: true });
    const [sql] = await database.sequelize.query(`SELECT ${columns} FROM samples WHERE id = ${id}`, { type });
    const [bound] = await database.sequelize.query(
      `SELECT ${columns} FROM samples WHERE is_open = $open AND seen_at = $at AND id = $id`,
      { type, bind: { open: true, at: stored.seenAt, id } },
    );

    expect(model?.get()).toEqual(expected);
    expect(raw).toEqual(expected);
    expect(sql).toEqual(expected);
    expect(bound).toEqual(expected);
  });

  test("keep null apart from every value", async () => {
    const { id } = await samples.create({
      ...stored,
      seenAt: null,
      facts: null,
      day: null,
      large: null,
      bytes: null,
    });

    const row = await samples.findByPk(id, { raw: true });

    expect(row).toEqual({ id, isOpen: true, seenAt: null, facts: null, day: null, large: null, bytes: null });
  });

  test("text compares byte by byte: neither letter case nor accents are overlooked", async () => {
    await insertAccount(database, "Mixed");
    const where = async (condition: string) =>
      (await database.sequelize.query(`SELECT 1 FROM users WHERE ${condition}`, { type: QueryTypes.SELECT }))
        .length;

    expect(await where("uid = 'mixed'")).toBe(0);
    expect(await where("email = 'MIXED@EXAMPLE.COM'")).toBe(0);
  });

  test("a broken unique index is named alike, single, composite and primary", async () => {
    const userId = await insertAccount(database, "unique");
    const label = "INSERT INTO labels (user_id, `key`, value, scope, created_at, updated_at) ";
    const row =
      "SELECT $userId, 'email', 'verified', 'private', created_at, created_at FROM users WHERE id = $userId";
    const insertLabel = () => database.sequelize.query(label + row, { bind: { userId } });
    await insertLabel();

    const uid = await database.sequelize
      .query(
        "INSERT INTO users (uid, email, password_digest, created_at, updated_at) " +
          "SELECT uid, 'other@example.com', 'x', created_at, updated_at FROM users WHERE id = $userId",
        { bind: { userId } },
      )
      .catch((error: unknown) => error);
    const composite = await insertLabel().catch((error: unknown) => error);
    const primary = await database.sequelize
      .query("INSERT INTO levels (id, `key`, value, description) VALUES (1, 'a', 'b', 'c')")
      .catch((error: unknown) => error);
    const missing = await database.sequelize
      .query("INSERT INTO levels (id, `key`, value, description) VALUES (9, 'a', 'b', NULL)")
      .catch((error: unknown) => error);
    const orphan = await database.transaction(async (tx) =>
      database.sequelize
        .query(label + row.replace("SELECT $userId", "SELECT 999999"), {
          bind: { userId },
          ...inTransaction(tx),
        })
        .catch((error: unknown) => error),
    );

    expect(isUniqueViolation(uid, "users_uid")).toBe(true);
    expect(isUniqueViolation(uid, "users_email")).toBe(false);
    expect(isUniqueViolation(composite, "labels_user_key_scope")).toBe(true);
    expect(isUniqueViolation(primary, "PRIMARY")).toBe(true);
    expect(isUniqueViolation(primary)).toBe(true);
    expect(isUniqueViolation(missing)).toBe(false);
    expect(isUniqueViolation(orphan)).toBe(false);
    expect(orphan).toBeInstanceOf(Error);
  });

  test("that refer to an account go with it", async () => {
    const referrer = await insertAccount(database, "referrer");
    const child = await insertAccount(database, "child");
    await database.sequelize.query(`UPDATE users SET referral_id = ${referrer} WHERE id = ${child}`);
    await database.sequelize.query(
      "INSERT INTO otp_seeds (user_id, seed_encrypted, created_at) SELECT id, 'x', created_at FROM users WHERE id = $referrer",
      { bind: { referrer } },
    );

    await database.sequelize.query("DELETE FROM users WHERE id = $referrer", { bind: { referrer } });

    const type = QueryTypes.SELECT as const;
    expect(await database.sequelize.query("SELECT * FROM otp_seeds", { type })).toEqual([]);
    expect(
      await database.sequelize.query(`SELECT referral_id FROM users WHERE id = ${child}`, { type }),
    ).toEqual([{ referral_id: null }]);
  });
});
