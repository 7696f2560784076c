import { expect, test } from "vitest";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember, expectRefusal, pendingMember, post, rest, signIn } from "../../support/rest.js";
import { PASSWORD, start, startedApp } from "../../support/start-app.js";

const RESET = "/identity/users/password/generate_code";
const RESEND = "/identity/users/email/generate_code";
const PASSWORD_CHANGED = "Your Barong password was changed";

describeEachDatabase("mails to one owner", (database) => {
  const app = startedApp(database, { environment: { TRUSTED_PROXIES: "127.0.0.1" } });

  test.each([
    ["links to set a new password", RESET, activeMember],
    ["links to confirm the address", RESEND, pendingMember],
  ])("%s are ten an hour at most, whoever asks for them", async (_what, path, member) => {
    const email = await member(app);
    const ask = (at: number) => post(app, path, { email }, { "x-forwarded-for": `192.0.2.${at}` });

    for (let at = 1; at <= 10; at++) expect((await ask(at)).status).toBe(201);

    expectRefusal(await ask(11), 429, "server.too_many_requests");
  });

  test("a notice arrives at once, however many links were asked for before it", async () => {
    const unlimited = await start(database, { environment: { RATE_LIMITS: "false" } });
    try {
      const email = await activeMember(unlimited);
      const cookie = await signIn(unlimited, email);
      for (let reset = 0; reset < 25; reset++) {
        expect((await post(unlimited, RESET, { email })).status).toBe(201);
        await unlimited.rooms.outbox.settled();
      }

      const new_password = "Gol4aid2";
      const fields = { old_password: PASSWORD, new_password, confirm_password: new_password };
      const changed = await rest(unlimited, "PUT", "/resource/users/password", {
        json: fields,
        headers: { cookie },
      });
      await unlimited.rooms.outbox.settled();

      expect(changed.status).toBe(201);
      const mails = (await unlimited.mails()).filter(({ to }) => to === email);
      expect(mails.filter(({ token }) => token !== undefined)).toHaveLength(20);
      expect(mails[0]?.subject).toBe(PASSWORD_CHANGED);
      const held = { channel: "mail", state: "waiting" } as const;
      const { rows } = await unlimited.rooms.outbox.list(held, { offset: 0, limit: 10 });
      expect(rows.map(({ topic }) => topic)).toEqual(["password_reset"]);
    } finally {
      await unlimited.stop();
    }
  });
});
