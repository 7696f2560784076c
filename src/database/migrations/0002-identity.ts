import * as column from "../columns.js";
import type { Migration } from "../migration.js";
import type { Schema } from "../schema.js";

/** Who the owner of an account is, the keys of his programs, and what happened to tell others about. */
export const identity: Migration = {
  name: "0002-identity",

  async up(schema) {
    await createProofs(schema);
    await createDocuments(schema);
    await createApiKeys(schema);
    await createEvents(schema);
    await schema.addIndexes("users", SEARCHED);
  },

  async down(schema) {
    for (const name of Object.keys(SEARCHED.index)) await schema.dropIndex("users", name);
    for (const table of ["profiles", "phones", "documents", "api_keys", "events"])
      await schema.dropTable(table);
  },
};

/** Each also gives the order in which its field is searched, as every index ends with the id. */
const SEARCHED = {
  index: { users_role: ["role"], users_state: ["state"], users_level: ["level"], users_otp: ["otp"] },
};

async function createProofs(schema: Schema): Promise<void> {
  await schema.createTable(
    "profiles",
    {
      id: column.serial(),
      user_id: column.referenceTo("users"),
      first_name: column.text(255),
      last_name: column.text(255),
      dob: column.text(10),
      address: column.text(255),
      postcode: column.text(255),
      city: column.text(255),
      country: column.text(3),
      metadata: column.nullable(column.longText()),
      created_at: column.moment(),
      updated_at: column.moment(),
    },
    { unique: { profiles_user_id: ["user_id"] } },
  );
  await schema.createTable(
    "phones",
    {
      id: column.serial(),
      user_id: column.referenceTo("users"),
      country: column.text(2),
      number: column.text(32),
      code_hash: column.nullable(column.token(64)),
      code_expires_at: column.nullable(column.moment()),
      code_attempts: column.withDefault(column.integer(), 0),
      validated_at: column.nullable(column.moment()),
      // The number again once it is verified: of all accounts only one can hold it then.
      validated_number: column.nullable(column.text(32)),
      created_at: column.moment(),
      updated_at: column.moment(),
    },
    {
      unique: { phones_user_number: ["user_id", "number"], phones_validated_number: ["validated_number"] },
    },
  );
}

async function createDocuments(schema: Schema): Promise<void> {
  await schema.createTable(
    "documents",
    {
      id: column.serial(),
      user_id: column.referenceTo("users"),
      storage_key: column.text(128),
      file_name: column.text(255),
      content_type: column.text(64),
      bytes: column.integer(),
      doc_type: column.text(64),
      doc_number: column.text(128),
      doc_expire: column.text(10),
      metadata: column.nullable(column.longText()),
      created_at: column.moment(),
      updated_at: column.moment(),
    },
    { unique: { documents_storage_key: ["storage_key"] }, index: { documents_user_id: ["user_id"] } },
  );
}

async function createApiKeys(schema: Schema): Promise<void> {
  await schema.createTable(
    "api_keys",
    {
      id: column.serial(),
      user_id: column.referenceTo("users"),
      kid: column.text(32),
      algorithm: column.text(16),
      scope: column.text(2048),
      state: column.withDefault(column.text(16), "active"),
      secret_encrypted: column.text(512),
      created_at: column.moment(),
      updated_at: column.moment(),
    },
    { unique: { api_keys_kid: ["kid"] }, index: { api_keys_user_id: ["user_id"] } },
  );
}

async function createEvents(schema: Schema): Promise<void> {
  await schema.createTable(
    "events",
    {
      id: column.serial(),
      name: column.text(64),
      user_id: column.nullable(column.referenceTo("users")),
      payload: column.longText(),
      created_at: column.moment(),
    },
    { index: { events_user_id: ["user_id"], events_created_at: ["created_at"] } },
  );
}
