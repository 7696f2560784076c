import * as column from "../columns.js";
import type { Migration } from "../migration.js";

/** Who knows the code that was texted to a number, where that is a vendor. */
export const phoneCodes: Migration = {
  name: "0005-phone-codes",

  async up(schema) {
    await schema.addColumn("phones", "code_checked_by", column.nullable(column.text(32)));
  },

  async down(schema) {
    await schema.dropColumn("phones", "code_checked_by");
  },
};
