import { expect, test } from "vitest";
import { createFirstAdministrator } from "../../../src/features/registration/first-administrator.js";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember } from "../../support/rest.js";
import { PASSWORD, start } from "../../support/start-app.js";

describeEachDatabase("the first administrator", (database) => {
  test("is active, of level 3, and made once however many processes start", async () => {
    const app = await start(database);
    try {
      const account = await app.rooms.accounts.byEmail("admin@barong.io");
      expect(account).toMatchObject({ role: "admin", state: "active", level: 3 });

      const needs = { database: app.database, ...app.rooms };
      const wanted = { email: "second@example.com", password: PASSWORD, strict: true };
      const found = await createFirstAdministrator(needs, wanted);
      expect(found).toEqual({ email: "admin@barong.io", made: "earlier" });
      expect(await app.rooms.accounts.byEmail("second@example.com")).toBeUndefined();
    } finally {
      await app.stop();
    }
  });

  test("has an address, and in production a password that sign-up would accept", async () => {
    const app = await start(database, { environment: { ADMIN_EMAIL: "root@example.com" } });
    try {
      await app.database.sequelize.query("UPDATE users SET role = 'member'");
      const needs = { database: app.database, ...app.rooms };
      const make = (email: string, password: string) =>
        createFirstAdministrator(needs, { email, password, strict: true });

      await expect(make("nobody", PASSWORD)).rejects.toThrow("ADMIN_EMAIL");
      await expect(make("other@example.com", "Password1")).rejects.toThrow("ADMIN_PASSWORD");
      const member = await activeMember(app);
      expect(await make(member, PASSWORD)).toBeUndefined();
    } finally {
      await app.stop();
    }
  });
});
