import * as column from "../columns.js";
import type { Migration } from "../migration.js";

/** A name for the log of events, by which a cursor of another database is told from one of this. */
export const eventEpoch: Migration = {
  name: "0009-event-epoch",

  async up(schema) {
    await schema.addColumn("event_places", "epoch", column.withDefault(column.token(36), ""));
    await schema.fillWithUuids("event_places", "epoch");
  },

  async down(schema) {
    await schema.dropColumn("event_places", "epoch");
  },
};
