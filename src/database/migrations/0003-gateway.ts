import * as column from "../columns.js";
import type { Migration } from "../migration.js";
import type { Schema } from "../schema.js";

/** What the gateway's verdict follows: permissions, the bounds of API keys, and the signed requests that were seen. */
export const gateway: Migration = {
  name: "0003-gateway",

  async up(schema) {
    await createPermissions(schema);
    for (const [name, definition] of Object.entries(KEY_COLUMNS))
      await schema.addColumn("api_keys", name, definition);
    await schema.createTable(
      "used_nonces",
      {
        digest: column.asPrimaryKey(column.token(64)),
        // Which insert the row is of, so that one statement for many tells who came first.
        claim: column.token(32),
        expires_at: column.moment(),
      },
      { index: { used_nonces_expires_at: ["expires_at"] } },
    );
    await schema.addIndexes("sessions", { index: { sessions_last_seen_at: ["last_seen_at"] } });
    await schema.addColumn("users", "credentials_changed_at", column.nullable(column.moment()));
  },

  async down(schema) {
    await schema.dropColumn("users", "credentials_changed_at");
    await schema.dropIndex("sessions", "sessions_last_seen_at");
    await schema.dropTable("used_nonces");
    for (const name of Object.keys(KEY_COLUMNS)) await schema.dropColumn("api_keys", name);
    await schema.dropTable("permissions");
  },
};

const KEY_COLUMNS = {
  allowed_ips: column.withDefault(column.text(2048), ""),
  expires_at: column.nullable(column.moment()),
  last_used_at: column.nullable(column.moment()),
};

async function createPermissions(schema: Schema): Promise<void> {
  await schema.createTable("permissions", {
    id: column.serial(),
    role: column.text(32),
    verb: column.text(16),
    path: column.text(255),
    action: column.text(16),
    caller: column.withDefault(column.text(16), "any"),
    min_level: column.nullable(column.integer()),
    label: column.nullable(column.text(511)),
    scope: column.nullable(column.text(255)),
    topic: column.nullable(column.text(32)),
    created_at: column.moment(),
    updated_at: column.moment(),
  });
  // As in Barong 2.0: who may pass the lists may do everything that the services behind allow.
  const epoch = "1970-01-01 00:00:00.000";
  await schema.insertMissing("permissions", "id", [
    { id: 1, role: "*", verb: "ALL", path: "", action: "accept", created_at: epoch, updated_at: epoch },
  ]);
}
