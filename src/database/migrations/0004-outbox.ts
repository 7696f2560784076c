import * as column from "../columns.js";
import type { Migration } from "../migration.js";

/** What leaves the house by several channels, in order for each account, and the language in which an account is written to. */
export const outbox: Migration = {
  name: "0004-outbox",

  async up(schema) {
    await schema.addColumn("users", "language", column.nullable(column.text(35)));
    for (const [name, definition] of Object.entries(COLUMNS))
      await schema.addColumn("outbox", name, definition);
    if (await schema.hasColumn("outbox", "kind")) {
      await schema.run("UPDATE outbox SET channel = kind");
      await schema.dropColumn("outbox", "kind");
    }
    await schema.fillWithUuids("outbox", "message_id");
    await schema.addIndexes("outbox", {
      index: {
        // What is due on a channel; the first of an account's; how much somebody got; what is over.
        outbox_channel_due: ["state", "channel", "available_at", "id"],
        outbox_line: ["user_id", "channel", "state", "id"],
        outbox_recipient: ["recipient", "channel", "finished_at"],
        outbox_finished: ["state", "finished_at"],
      },
    });
    await schema.dropIndex("outbox", "outbox_due");
    await schema.dropIndex("outbox", "outbox_user_id");
  },

  async down(schema) {
    await schema.addIndexes("outbox", {
      index: { outbox_due: ["state", "available_at", "id"], outbox_user_id: ["user_id"] },
    });
    for (const name of ["outbox_channel_due", "outbox_line", "outbox_recipient", "outbox_finished"])
      await schema.dropIndex("outbox", name);
    // The version before knows neither other channels nor what is finished.
    await schema.run("DELETE FROM outbox WHERE channel <> 'mail' OR state NOT IN ('waiting', 'dead')");
    await schema.addColumn("outbox", "kind", column.withDefault(column.text(16), "mail"));
    for (const name of Object.keys(COLUMNS)) await schema.dropColumn("outbox", name);
    await schema.dropColumn("users", "language");
  },
};

const COLUMNS = {
  channel: column.withDefault(column.text(64), "mail"),
  message_id: column.withDefault(column.token(36), ""),
  recipient: column.nullable(column.token(64)),
  expires_at: column.nullable(column.moment()),
  finished_at: column.nullable(column.moment()),
};
