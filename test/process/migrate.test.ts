import { expect, test } from "vitest";
import { migrations } from "../../src/database/migrations/all.js";
import { describeEachDatabase } from "../support/databases.js";
import { freshFolder, Running } from "./server-process.js";

describeEachDatabase("the command migrate", (database) => {
  test("applies, reverts and lists migrations", async () => {
    const { url, drop } = await database.create();
    const newest = migrations.at(-1)?.name;
    const environment = { DATABASE_URL: url, DATA_DIR: await freshFolder() };
    const migrate = async (...args: string[]) => {
      const command = new Running("migrate", environment, args);
      return { code: await command.ended(), output: command.output };
    };
    try {
      expect(await migrate("status")).toMatchObject({
        code: 0,
        output: expect.stringMatching(/^pending: 0001-/),
      });
      const up = await migrate();
      expect(up).toMatchObject({ code: 0, output: expect.stringContaining("applied: 0001-") });
      expect(await migrate("status")).toEqual({ code: 0, output: "no migration is pending\n" });
      const down = await migrate("down", "1");
      expect(down).toMatchObject({ code: 0, output: expect.stringContaining(`reverted: ${newest}`) });
      expect((await migrate("status")).output).toBe(`pending: ${newest}\n`);
    } finally {
      await drop();
    }
  });
});

test("an unknown command explains itself and changes nothing", async () => {
  const command = new Running("migrate", {}, ["sideways"]);

  expect(await command.ended()).toBe(2);
  expect(command.output).toMatch(/^Usage: /);
});
