import { QueryTypes } from "sequelize";
import { expect, test } from "vitest";
import { secondsAfter } from "../../../src/platform/clock.js";
import { describeEachDatabase } from "../../support/databases.js";
import {
  activeMember,
  expectRefusal,
  freshEmail,
  pendingMember,
  post,
  rest,
  signIn,
} from "../../support/rest.js";
import { PASSWORD, startedApp } from "../../support/start-app.js";

const SIGN_UP = "/identity/users";
const RESEND = "/identity/users/email/generate_code";
const CONFIRM = "/identity/users/email/confirm_code";
const FORGOT = "/identity/users/password/generate_code";
const RESET = "/identity/users/password/confirm_code";
const NEW_PASSWORD = "Gol4aid2";

describeEachDatabase("events about accounts", (database) => {
  const now = { moment: new Date("2019-02-26T10:44:08.999Z") };
  const app = startedApp(database, { clock: () => now.moment });
  const MADE = "2019-02-26T10:44:08Z";

  async function accountOf(email: string) {
    const account = await app.rooms.accounts.byEmail(email);
    if (!account) throw new Error(`there is no account ${email}`);
    return account;
  }

  const eventsOf = async (email: string) =>
    (await app.rooms.events.of((await accountOf(email)).id)).map(({ name, payload }) => ({ name, payload }));

  /** What `act` leaves behind about an account. */
  async function told(email: string, act: () => Promise<unknown>) {
    const before = await eventsOf(email);
    await act();
    return (await eventsOf(email)).slice(before.length);
  }

  async function allEvents(): Promise<number> {
    const [row] = await app.database.sequelize.query<{ count: number }>(
      "SELECT COUNT(*) AS count FROM events",
      { type: QueryTypes.SELECT },
    );
    return Number(row?.count);
  }

  /** The account as it was when it had just been made. */
  async function newcomer(email: string) {
    const { uid } = await accountOf(email);
    const fresh = { role: "member", level: 0, otp: false, state: "pending" };
    return { uid, email, ...fresh, created_at: MADE, updated_at: MADE };
  }

  test("a sign-up tells of the account and then of the token, in the language that was asked for", async () => {
    const email = freshEmail();

    await post(app, SIGN_UP, { email, password: PASSWORD, lang: "FR" });

    const user = await newcomer(email);
    const token = await app.tokenFor(email);
    expect(await eventsOf(email)).toEqual([
      { name: "model.user.created", payload: { record: user } },
      { name: "system.user.email.confirmation.token", payload: { user, language: "FR", token } },
    ]);
    expect(Object.keys(user)).toEqual(Object.keys((await eventsOf(email))[0]?.payload.record ?? {}));
  });

  test("a refused sign-up tells of nothing", async () => {
    const email = await pendingMember(app);
    const before = await allEvents();

    const taken = () => post(app, SIGN_UP, { email, password: PASSWORD });
    expectRefusal(await taken(), 422, "email.taken");
    await post(app, SIGN_UP, { email: freshEmail(), password: "password" });
    await post(app, SIGN_UP, { email: freshEmail(), password: PASSWORD, refid: "ID0000000000" });

    expect(await allEvents()).toBe(before);
  });

  test("of many who sign up with an address at once only one is told of", async () => {
    const email = freshEmail();

    await Promise.all(Array.from({ length: 4 }, () => post(app, SIGN_UP, { email, password: PASSWORD })));

    const names = (await eventsOf(email)).map(({ name }) => name);
    expect(names).toEqual(["model.user.created", "system.user.email.confirmation.token"]);
  });

  test("a resend tells of the new token, in English unless asked otherwise", async () => {
    const email = await pendingMember(app);

    const events = await told(email, () => post(app, RESEND, { email }));

    const user = await newcomer(email);
    const token = await app.tokenFor(email);
    expect(events).toEqual([
      { name: "system.user.email.confirmation.token", payload: { user, language: "en", token } },
    ]);
  });

  test("a confirmation tells of the new state, of the level, and of itself, with the account as it is then", async () => {
    const email = await pendingMember(app);
    const user = await newcomer(email);
    const token = await app.tokenFor(email);
    now.moment = secondsAfter(now.moment, 2);
    const updated_at = "2019-02-26T10:44:10Z";

    const events = await told(email, () => post(app, CONFIRM, { token }));
    now.moment = secondsAfter(now.moment, -2);

    const active = { ...user, state: "active", updated_at };
    expect(events).toEqual([
      { name: "model.user.updated", payload: { record: active, changes: { state: "pending" } } },
      { name: "model.user.updated", payload: { record: { ...active, level: 1 }, changes: { level: 0 } } },
      { name: "system.user.email.confirmed", payload: { ...active, level: 1 } },
    ]);
  });

  test("a refused confirmation or resend tells of nothing", async () => {
    const email = await activeMember(app);
    const before = await allEvents();

    expect((await post(app, CONFIRM, { token: await app.tokenFor(email) })).status).toBe(422);
    expect((await post(app, CONFIRM, { token: "garbage" })).status).toBe(422);
    expect((await post(app, RESEND, { email })).status).toBe(422);

    expect(await allEvents()).toBe(before);
  });

  test("a lost password is told of when it is reported and when it is replaced, and not otherwise", async () => {
    const email = await activeMember(app);
    const user = { ...(await newcomer(email)), level: 1, state: "active" };

    const reported = await told(email, () => post(app, FORGOT, { email, lang: "ru" }));
    const reset_password_token = await app.tokenFor(email);
    const reset = (password: string) =>
      post(app, RESET, { reset_password_token, password, confirm_password: password });
    const refused = await told(email, () => reset("password"));
    const replaced = await told(email, async () => expect((await reset(NEW_PASSWORD)).status).toBe(201));
    const again = await told(email, () => reset(NEW_PASSWORD));

    const payload = { user, language: "ru", token: reset_password_token };
    expect(reported).toEqual([{ name: "system.user.password.reset.token", payload }]);
    expect(replaced).toEqual([{ name: "system.user.password.reset", payload: user }]);
    expect([...refused, ...again]).toEqual([]);
    const before = await allEvents();
    expect((await post(app, FORGOT, { email: freshEmail() })).status).toBe(404);
    expect(await allEvents()).toBe(before);
  });

  test("each change of an account is told once, with the value before it, and what changes nothing is not", async () => {
    const email = await activeMember(app);
    const account = await accountOf(email);
    const { accounts } = app.rooms;
    const user = { ...(await newcomer(email)), level: 1, state: "active" };
    const inOneTransaction = (times: number) =>
      app.database.transaction(async (tx) => {
        for (let time = 0; time < times; time += 1) {
          await accounts.setRole(account, "accountant", tx);
          await accounts.setOtp(account, true, tx);
          await accounts.setState(account, "banned", tx);
          await accounts.setLevel(account, 3, tx);
        }
      });

    const events = await told(email, () => inOneTransaction(2));
    const repeated = await told(email, () => inOneTransaction(1));

    const steps = [{ role: "accountant" }, { otp: true }, { state: "banned" }, { level: 3 }];
    const expected = steps.map((step, at) => {
      const record = Object.assign({}, user, ...steps.slice(0, at + 1));
      const [field = ""] = Object.keys(step);
      return {
        name: "model.user.updated",
        payload: { record, changes: { [field]: Reflect.get(user, field) } },
      };
    });
    expect(events).toEqual(expected);
    expect(repeated).toEqual([]);
  });

  test("what is rolled back is not told", async () => {
    const email = await activeMember(app);
    const account = await accountOf(email);

    const events = await told(email, () =>
      expect(
        app.database.transaction(async (tx) => {
          await app.rooms.accounts.setRole(account, "admin", tx);
          await app.rooms.labels.setPrivate(account, "document", "verified", tx);
          throw new Error("changed my mind");
        }),
      ).rejects.toThrow("changed my mind"),
    );

    expect(events).toEqual([]);
    expect(await accountOf(email)).toMatchObject({ role: "member" });
  });

  test("a new role ends the sessions of an account, and its old role once more does not", async () => {
    const email = await activeMember(app);
    const account = await accountOf(email);
    const headers = { cookie: await signIn(app, email) };
    const setRole = (role: string) =>
      app.database.transaction((tx) => app.rooms.accounts.setRole(account, role, tx));
    const me = () => rest(app, "GET", "/resource/users/me", { headers });

    await setRole("member");
    expect((await me()).status).toBe(200);
    await setRole("accountant");
    expect((await me()).status).toBe(401);
  });

  test("a label that lifts the level is told of as the account's change and as the verdict", async () => {
    const email = await activeMember(app);
    const account = await accountOf(email);
    await app.rooms.labels.createFor(account.uid, { key: "phone", scope: "private" }, "verified");
    const document = { key: "document", scope: "private" } as const;

    const added = await told(email, () => app.rooms.labels.createFor(account.uid, document, "verified"));
    const deleted = await told(email, () => app.rooms.labels.deleteFor(account.uid, document));

    const user = { ...(await newcomer(email)), state: "active" };
    const verdict = { name: "system.document.verified", payload: { uid: account.uid, email } };
    const change = (from: number, level: number) => ({
      name: "model.user.updated",
      payload: { record: { ...user, level }, changes: { level: from } },
    });
    expect(added).toEqual([change(2, 3), verdict]);
    expect(deleted).toEqual([change(3, 2), verdict]);
  });

  test("the first administrator is told of like any account", async () => {
    const email = "admin@barong.io";

    const events = await eventsOf(email);

    const user = { ...(await newcomer(email)), role: "admin", state: "active" };
    const { uid } = user;
    expect(events).toEqual([
      { name: "model.user.created", payload: { record: user } },
      ...[1, 2, 3].map((level) => ({
        name: "model.user.updated",
        payload: { record: { ...user, level }, changes: { level: level - 1 } },
      })),
      { name: "system.document.verified", payload: { uid, email } },
    ]);
  });
});
