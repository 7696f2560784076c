import { describe, expect, test } from "vitest";
import { describeEachDatabase } from "../support/databases.js";
import { type Started, startedApp } from "../support/start-app.js";
import { calls } from "./calls.js";
import { type Given, nobody } from "./situations.js";
import { doorsOf } from "./three-doors.js";

const named = calls.map((row) => [row.does, row] as const);

describeEachDatabase("the same answers and effects through each door", (database) => {
  const app = startedApp(database);

  describe.each(["REST", "Connect", "gRPC-Web", "gRPC"])("%s", (name) => {
    test.each(named)("%s", async (_does, row) => {
      const { rest, method, given = nobody, fields, reasons, log, mails = 0 } = row;
      const account = await given(app);
      const before = await effectsOn(app, account);
      const door = doorsOf(app)[name];

      const call = { rest, method, fields: fields?.(account) ?? {}, headers: account.headers ?? {} };
      expect(await door?.(call)).toEqual(reasons);

      const after = await effectsOn(app, account);
      expect(after.log?.slice(before.log?.length ?? 0)).toEqual(log);
      expect(after.mails - before.mails).toBe(mails);
    });
  });
});

/** What calls leave behind for an account: its log, undefined without an account, and how many mails. */
async function effectsOn(app: Started, { email }: Given) {
  const mails = (await app.mails()).filter(({ to }) => to === email).length;
  const account = await app.rooms.accounts.byEmail(email);
  if (!account) return { mails, log: undefined };
  const rows = await app.rooms.activities.latest(account.id, 20);
  const log = rows.reverse().map(({ action, result, data, userIp }) => {
    expect(userIp).toBe("127.0.0.1");
    return data === null ? [action, result] : [action, result, JSON.parse(data).reason];
  });
  return { mails, log };
}
