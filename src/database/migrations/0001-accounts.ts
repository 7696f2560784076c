import * as column from "../columns.js";
import type { Migration } from "../migration.js";
import type { Schema } from "../schema.js";

/** Accounts, what proves who they are, what they did, and what waits to be sent. */
export const accounts: Migration = {
  name: "0001-accounts",

  async up(schema) {
    await createUsers(schema);
    await createLevels(schema);
    await createCredentials(schema);
    await createRecords(schema);
  },

  async down(schema) {
    for (const table of TABLES.toReversed()) await schema.dropTable(table);
  },
};

const TABLES = [
  "users",
  "labels",
  "levels",
  "sessions",
  "one_time_tokens",
  "otp_seeds",
  "activities",
  "throttles",
  "outbox",
];

async function createUsers(schema: Schema): Promise<void> {
  await schema.createTable(
    "users",
    {
      id: column.serial(),
      uid: column.text(32),
      email: column.text(255),
      password_digest: column.text(255),
      role: column.withDefault(column.text(32), "member"),
      level: column.withDefault(column.integer(), 0),
      otp: column.withDefault(column.boolean(), false),
      state: column.withDefault(column.text(32), "pending"),
      referral_id: column.referenceTo("users", "SET NULL"),
      password_changed_at: column.nullable(column.moment()),
      created_at: column.moment(),
      updated_at: column.moment(),
    },
    { unique: { users_uid: ["uid"], users_email: ["email"] }, index: { users_referral_id: ["referral_id"] } },
  );
  await schema.createTable(
    "labels",
    {
      id: column.serial(),
      user_id: column.referenceTo("users"),
      key: column.text(255),
      value: column.text(255),
      scope: column.text(16),
      created_at: column.moment(),
      updated_at: column.moment(),
    },
    { unique: { labels_user_key_scope: ["user_id", "key", "scope"] } },
  );
}

async function createLevels(schema: Schema): Promise<void> {
  await schema.createTable(
    "levels",
    {
      id: column.asPrimaryKey(column.integer()),
      key: column.text(255),
      value: column.text(255),
      description: column.text(255),
    },
    { unique: { levels_key_value: ["key", "value"] } },
  );
  await schema.insertMissing("levels", "id", [
    { id: 1, key: "email", value: "verified", description: "User clicked on the confirmation link" },
    { id: 2, key: "phone", value: "verified", description: "User entered a valid code from sms" },
    { id: 3, key: "document", value: "verified", description: "User personal documents have been verified" },
  ]);
}

async function createCredentials(schema: Schema): Promise<void> {
  await schema.createTable(
    "sessions",
    {
      id: column.serial(),
      user_id: column.referenceTo("users"),
      token_hash: column.token(64),
      ip: column.text(45),
      user_agent: column.text(512),
      created_at: column.moment(),
      last_seen_at: column.moment(),
      expires_at: column.moment(),
      ended_at: column.nullable(column.moment()),
    },
    {
      unique: { sessions_token_hash: ["token_hash"] },
      index: { sessions_user_id: ["user_id"], sessions_expires_at: ["expires_at"] },
    },
  );
  await schema.createTable(
    "one_time_tokens",
    {
      id: column.serial(),
      user_id: column.referenceTo("users"),
      purpose: column.text(32),
      token_hash: column.token(64),
      created_at: column.moment(),
      expires_at: column.moment(),
      used_at: column.nullable(column.moment()),
    },
    {
      unique: { one_time_tokens_hash: ["token_hash"] },
      index: { one_time_tokens_user_purpose: ["user_id", "purpose"] },
    },
  );
  await schema.createTable("otp_seeds", {
    user_id: column.asPrimaryKey(column.referenceTo("users")),
    seed_encrypted: column.text(512),
    last_step: column.nullable(column.bigInteger()),
    created_at: column.moment(),
  });
}

async function createRecords(schema: Schema): Promise<void> {
  await schema.createTable(
    "activities",
    {
      id: column.serial(),
      user_id: column.referenceTo("users"),
      user_ip: column.text(45),
      user_agent: column.text(512),
      topic: column.text(32),
      action: column.text(64),
      result: column.text(16),
      data: column.nullable(column.longText()),
      created_at: column.moment(),
    },
    { index: { activities_user_topic: ["user_id", "topic", "id"] } },
  );
  await schema.createTable(
    "throttles",
    { bucket: column.asPrimaryKey(column.token(64)), count: column.integer(), resets_at: column.moment() },
    { index: { throttles_resets_at: ["resets_at"] } },
  );
  await schema.createTable(
    "outbox",
    {
      id: column.serial(),
      kind: column.text(16),
      topic: column.text(64),
      user_id: column.nullable(column.referenceTo("users")),
      payload: column.longText(),
      attempts: column.withDefault(column.integer(), 0),
      available_at: column.moment(),
      leased_until: column.nullable(column.moment()),
      last_error: column.nullable(column.text(255)),
      state: column.withDefault(column.text(16), "waiting"),
      created_at: column.moment(),
    },
    { index: { outbox_due: ["state", "available_at", "id"], outbox_user_id: ["user_id"] } },
  );
}
