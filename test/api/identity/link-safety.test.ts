import { expect, test } from "vitest";
import { describeEachDatabase } from "../../support/databases.js";
import {
  type Answer,
  activeMember,
  expectRefusal,
  freshEmail,
  pendingMember,
  post,
  rest,
  signIn,
} from "../../support/rest.js";
import { enableSecondFactor } from "../../support/second-factor.js";
import { accountWith, asAdministrator } from "../../support/staff.js";
import { PASSWORD, start, startedApp } from "../../support/start-app.js";

const REQUEST = "/identity/users/password/generate_code";
const RESET = "/identity/users/password/confirm_code";
const RESEND = "/identity/users/email/generate_code";
const CONFIRM = "/identity/users/email/confirm_code";
const NEW_PASSWORD = "Gol4aid2";
const USED = "identity.user.utilized_token";

describeEachDatabase("links in e-mails", (database) => {
  const app = startedApp(database, { environment: { TRUSTED_PROXIES: "127.0.0.1" } });

  const from = (address: string, cookie?: string) => ({
    "x-forwarded-for": address,
    ...(cookie !== undefined && { cookie }),
  });

  async function resetToken(email: string): Promise<string> {
    expect((await post(app, REQUEST, { email })).status).toBe(201);
    return app.tokenFor(email);
  }

  const reset = (token: string): Promise<Answer> =>
    post(app, RESET, {
      reset_password_token: token,
      password: NEW_PASSWORD,
      confirm_password: NEW_PASSWORD,
    });

  const byAdministrator = async (email: string, change: object): Promise<void> => {
    const { uid } = await accountWith(app, email);
    const headers = await asAdministrator(app);
    expect((await rest(app, "PUT", "/admin/users", { headers, json: { uid, ...change } })).status).toBe(200);
  };

  async function changePassword(email: string): Promise<void> {
    const headers = { cookie: await signIn(app, email) };
    const json = { old_password: PASSWORD, new_password: "Fai5aesoLEcx", confirm_password: "Fai5aesoLEcx" };
    expect((await rest(app, "PUT", "/resource/users/password", { headers, json })).status).toBe(201);
  }

  const none = async () => undefined;
  const secondFactor = (email: string) => enableSecondFactor(app, email);

  /** What changes, what comes before the link is asked for, and the change. */
  const changes: [string, (email: string) => Promise<unknown>, (email: string) => Promise<unknown>][] = [
    ["a change of the password by its owner", none, changePassword],
    ["a ban", none, (email) => byAdministrator(email, { state: "banned" })],
    ["a change of the role", none, (email) => byAdministrator(email, { role: "accountant" })],
    ["the second factor was switched on", none, secondFactor],
    [
      "an administrator has switched the second factor off",
      secondFactor,
      (email) => byAdministrator(email, { otp: false }),
    ],
  ];

  test.each(changes)("a reset link is void after %s", async (_what, prepare, change) => {
    const email = await activeMember(app);
    await prepare(email);
    const token = await resetToken(email);

    await change(email);

    expectRefusal(await reset(token), 422, USED);
  });

  test("a confirmation link is void after a ban, also when the account is pending again", async () => {
    const email = await pendingMember(app);
    const token = await app.tokenFor(email);

    await byAdministrator(email, { state: "banned" });
    await byAdministrator(email, { state: "pending" });

    expectRefusal(await post(app, CONFIRM, { token }), 422, "jwt.decode_and_verify");
  });

  test("one reset voids all other reset links of the account, and none of another account", async () => {
    const [email, other] = [await activeMember(app), await activeMember(app)];
    const [first, second, ofOther] = [
      await resetToken(email),
      await resetToken(email),
      await resetToken(other),
    ];

    expect((await reset(first)).status).toBe(201);

    expectRefusal(await reset(second), 422, USED);
    expect((await reset(ofOther)).status).toBe(201);
  });

  test.each([
    ["reset", REQUEST, activeMember],
    ["confirmation", RESEND, pendingMember],
  ])("one client has a share of the %s links to an address, not all of them", async (_what, path, member) => {
    const email = await member(app);
    const ask = (address: string) => post(app, path, { email }, from(address));
    for (let at = 0; at < 3; at++) expect((await ask("192.0.2.1")).status).toBe(201);

    expectRefusal(await ask("192.0.2.1"), 429, "server.too_many_requests");
    expect((await ask("192.0.2.2")).status).toBe(201);
  });

  test("strangers who ask for reset links neither void the owner's nor close recovery to a known device", async () => {
    const email = await activeMember(app);
    const signedIn = await post(
      app,
      "/identity/sessions",
      { email, password: PASSWORD },
      from("198.51.100.7"),
    );
    const [device = ""] =
      signedIn.headers
        .getSetCookie()
        .find((cookie) => cookie.startsWith("_barong_device="))
        ?.split(";") ?? [];
    const owned = await resetToken(email);
    for (let at = 1; at <= 9; at++)
      expect((await post(app, REQUEST, { email }, from(`192.0.2.${at}`))).status).toBe(201);
    const ofStranger = await post(app, REQUEST, { email }, from("192.0.2.99"));

    const byDevice = await post(app, REQUEST, { email }, from("203.0.113.5", device));
    const byAddress = await post(app, REQUEST, { email }, from("198.51.100.7"));

    expectRefusal(ofStranger, 429, "server.too_many_requests");
    expect([byDevice.status, byAddress.status]).toEqual([201, 201]);
    expect((await reset(owned)).status).toBe(201);
  });

  test("what a known client has beyond the limit is bounded too", async () => {
    const email = await activeMember(app);
    const headers = from("198.51.100.8");
    await post(app, "/identity/sessions", { email, password: PASSWORD }, headers);
    for (let at = 1; at <= 10; at++) await post(app, REQUEST, { email }, from(`192.0.2.${at}`));

    const answers: Answer[] = [];
    for (let at = 0; at < 7; at++) answers.push(await post(app, REQUEST, { email }, headers));

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(answers.at(-1)?.status).toBe(429);
  });

  test("a device that is known to one account is a stranger to another", async () => {
    const [email, other] = [await activeMember(app), await activeMember(app)];
    const signedIn = await post(
      app,
      "/identity/sessions",
      { email, password: PASSWORD },
      from("198.51.100.9"),
    );
    const cookie = signedIn.headers
      .getSetCookie()
      .map((one) => one.split(";")[0])
      .join("; ");
    for (let at = 1; at <= 10; at++) await post(app, REQUEST, { email: other }, from(`192.0.2.${at}`));

    const refused = await post(app, REQUEST, { email: other }, from("198.51.100.9", cookie));

    expectRefusal(refused, 429, "server.too_many_requests");
  });

  test("the limits bite alike for known and unknown addresses where accounts are hidden", async () => {
    const hiding = await start(database, {
      environment: { TRUSTED_PROXIES: "127.0.0.1", HIDE_ACCOUNTS: "true" },
    });
    try {
      const known = await activeMember(hiding);
      const statuses = async (email: string) => {
        const all: number[] = [];
        for (let at = 1; at <= 12; at++)
          all.push((await post(hiding, REQUEST, { email }, from(`192.0.2.${at}`))).status);
        return all;
      };

      expect(await statuses(freshEmail())).toEqual(await statuses(known));
    } finally {
      await hiding.stop();
    }
  });

  test("an account has no more than twenty unused links of a kind", async () => {
    const unlimited = await start(database, { environment: { RATE_LIMITS: "false" } });
    try {
      const email = await activeMember(unlimited);
      await post(unlimited, REQUEST, { email });
      const oldest = await unlimited.tokenFor(email);
      for (let at = 0; at < 20; at++) await post(unlimited, REQUEST, { email });

      const fields = { reset_password_token: oldest, password: NEW_PASSWORD, confirm_password: NEW_PASSWORD };
      expectRefusal(await post(unlimited, RESET, fields), 422, "jwt.decode_and_verify");
    } finally {
      await unlimited.stop();
    }
  });
});
