import type { Migration } from "../migration.js";

/** For finding the accounts that had codes texted to the same number lately. */
export const phoneNumbers: Migration = {
  name: "0007-phone-numbers",

  async up(schema) {
    await schema.addIndexes("phones", { index: { phones_number: ["number", "updated_at"] } });
  },

  async down(schema) {
    await schema.dropIndex("phones", "phones_number");
  },
};
