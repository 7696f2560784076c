import type { Migration } from "../migration.js";
import type { Schema } from "../schema.js";

/**
 * The topic in an index of the outbox, so that lists of what leaves the house are read of it alone, and the recipient in another, since
 * lines are those of a recipient. Under the same names, by which statements of both versions call them.
 */
export const outboxTopics: Migration = {
  name: "0008-outbox-topics",

  async up(schema) {
    await replace(schema, [...CHANNEL_DUE, "topic"], [...LINE, "recipient", "id"]);
  },

  async down(schema) {
    await replace(schema, CHANNEL_DUE, [...LINE, "id"]);
  },
};

const CHANNEL_DUE = ["state", "channel", "available_at", "id"];
const LINE = ["user_id", "channel", "state"];

async function replace(schema: Schema, due: readonly string[], line: readonly string[]): Promise<void> {
  await schema.replaceIndex("outbox", "outbox_channel_due", due);
  await schema.replaceIndex("outbox", "outbox_line", line);
}
