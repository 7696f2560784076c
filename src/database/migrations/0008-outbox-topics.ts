import type { Migration } from "../migration.js";
import type { Schema } from "../schema.js";

/** The topic in an index of the outbox, so that lists of what leaves the house are read of it alone. */
export const outboxTopics: Migration = {
  name: "0008-outbox-topics",

  up: (schema) => replace(schema, [...CHANNEL_DUE, "topic"]),
  down: (schema) => replace(schema, CHANNEL_DUE),
};

const CHANNEL_DUE = ["state", "channel", "available_at", "id"];

/** Under the same name, by which statements of both versions call it. */
async function replace(schema: Schema, columns: readonly string[]): Promise<void> {
  await schema.dropIndex("outbox", "outbox_channel_due");
  await schema.addIndexes("outbox", { index: { outbox_channel_due: columns } });
}
