import * as column from "../columns.js";
import type { Migration } from "../migration.js";

/** A name for each event, a place that whoever reads them gives it after its commit, and how far that is. */
export const eventPlaces: Migration = {
  name: "0006-event-places",

  async up(schema) {
    await schema.addColumn("events", "event_id", column.withDefault(column.token(36), ""));
    await schema.addColumn("events", "position", column.nullable(column.bigInteger()));
    await schema.fillWithUuids("events", "event_id");
    // With the id, by which those without a place get theirs.
    await schema.addIndexes("events", { index: { events_position: ["position", "id"] } });
    await schema.createTable("event_places", {
      id: column.asPrimaryKey(column.integer()),
      given: column.bigInteger(),
      pruned: column.bigInteger(),
    });
    await schema.insertMissing("event_places", "id", [{ id: 1, given: 0, pruned: 0 }]);
  },

  async down(schema) {
    await schema.dropTable("event_places");
    await schema.dropIndex("events", "events_position");
    for (const name of ["event_id", "position"]) await schema.dropColumn("events", name);
  },
};
