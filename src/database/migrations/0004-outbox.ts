import * as column from "../columns.js";
import type { Migration } from "../migration.js";
import type { Schema } from "../schema.js";

/** What leaves the house by several channels, in order for each account; the language of an account; events that can be read in order. */
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
    await schema.run(`UPDATE outbox SET message_id = ${randomUuid(schema)} WHERE message_id = ''`);
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
    await placeEvents(schema);
  },

  async down(schema) {
    await schema.dropTable("event_places");
    await schema.dropIndex("events", "events_position");
    for (const name of ["event_id", "position"]) await schema.dropColumn("events", name);
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

/** A place for each event that whoever reads them gives it after its commit, and how far that is. */
async function placeEvents(schema: Schema): Promise<void> {
  await schema.addColumn("events", "event_id", column.withDefault(column.token(36), ""));
  await schema.addColumn("events", "position", column.nullable(column.bigInteger()));
  await schema.run(`UPDATE events SET event_id = ${randomUuid(schema)} WHERE event_id = ''`);
  await schema.addIndexes("events", { unique: { events_position: ["position"] } });
  await schema.createTable("event_places", {
    id: column.asPrimaryKey(column.integer()),
    given: column.bigInteger(),
    pruned: column.bigInteger(),
  });
  await schema.insertMissing("event_places", "id", [{ id: 1, given: 0, pruned: 0 }]);
}

const randomUuid = ({ dialect }: Schema): string =>
  dialect === "mysql"
    ? "UUID()"
    : "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-' || hex(randomblob(2)) || '-' || " +
      "hex(randomblob(2)) || '-' || hex(randomblob(6)))";
