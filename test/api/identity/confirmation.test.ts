import { expect, test } from "vitest";
import { secondsAfter } from "../../../src/platform/clock.js";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember, expectRefusal, freshEmail, pendingMember, post } from "../../support/rest.js";
import { start, startedApp } from "../../support/start-app.js";

const RESEND = "/identity/users/email/generate_code";
const CONFIRM = "/identity/users/email/confirm_code";

describeEachDatabase("confirming an e-mail address", (database) => {
  const app = startedApp(database);

  test("the token makes the account active and level 1", async () => {
    const email = await activeMember(app);

    expect(await app.rooms.accounts.byEmail(email)).toMatchObject({ state: "active", level: 1 });
  });

  test("a token used twice in parallel confirms once", async () => {
    const email = await pendingMember(app);
    const token = await app.tokenFor(email);

    const answers = await Promise.all(Array.from({ length: 8 }, () => post(app, CONFIRM, { token })));

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(7);
  });

  test("confirming again answers that nothing waits for it", async () => {
    const email = await pendingMember(app);
    const token = await app.tokenFor(email);
    await post(app, CONFIRM, { token });

    expectRefusal(await post(app, CONFIRM, { token }), 422, "identity.user.active_or_doesnt_exist");
  });

  test("a newer token does not void the one before, and one of them confirms once", async () => {
    const email = await pendingMember(app);
    const older = await app.tokenFor(email);
    expect(await post(app, RESEND, { email })).toMatchObject({ status: 201, body: 201 });
    const newer = await app.tokenFor(email);

    expect((await post(app, CONFIRM, { token: older })).status).toBe(201);

    for (const token of [older, newer]) {
      expectRefusal(await post(app, CONFIRM, { token }), 422, "identity.user.active_or_doesnt_exist");
    }
  });

  test("garbage, a missing and a blank token are told apart", async () => {
    expectRefusal(await post(app, CONFIRM, { token: "garbage" }), 422, "jwt.decode_and_verify");
    expectRefusal(
      await post(app, CONFIRM, {}),
      400,
      "identity.user.missing_token",
      "identity.user.empty_token",
    );
    expectRefusal(await post(app, CONFIRM, { token: " " }), 400, "identity.user.empty_token");
  });

  test("a ban cannot be undone by confirming", async () => {
    const email = await pendingMember(app);
    const token = await app.tokenFor(email);
    const account = await app.rooms.accounts.byEmail(email);
    await app.database.transaction((tx) =>
      app.rooms.accounts.setState({ id: account?.id ?? 0 }, "banned", tx),
    );

    expectRefusal(await post(app, CONFIRM, { token }), 422, "identity.user.active_or_doesnt_exist");
    expectRefusal(await post(app, RESEND, { email }), 422, "identity.user.active_or_doesnt_exist");
    expect(await app.rooms.accounts.byEmail(email)).toMatchObject({ state: "banned", level: 0 });
  });

  test("nothing is resent to an unknown or an active address", async () => {
    const active = await activeMember(app);
    for (const email of [active, freshEmail()]) {
      expectRefusal(await post(app, RESEND, { email }), 422, "identity.user.active_or_doesnt_exist");
    }
  });

  test("mails that one client asks for to one address are limited", async () => {
    const email = await pendingMember(app);
    for (let sent = 0; sent < 3; sent += 1) {
      expect((await post(app, RESEND, { email })).status).toBe(201);
    }

    const refused = await post(app, RESEND, { email });

    expectRefusal(refused, 429, "server.too_many_requests");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  test("a token is good for a day", async () => {
    const now = { moment: new Date() };
    const app = await start(database, { clock: () => now.moment });
    try {
      const email = await pendingMember(app);
      const token = await app.tokenFor(email);
      now.moment = secondsAfter(now.moment, 24 * 3600 + 1);
      expectRefusal(await post(app, CONFIRM, { token }), 422, "jwt.decode_and_verify");
    } finally {
      await app.stop();
    }
  });
});
