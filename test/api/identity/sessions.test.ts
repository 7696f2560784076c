import { hash as bcrypt } from "@node-rs/bcrypt";
import { expect, test } from "vitest";
import { secondsAfter } from "../../../src/platform/clock.js";
import { describeEachDatabase } from "../../support/databases.js";
import {
  type Answer,
  activeMember,
  cookieOf,
  expectRefusal,
  freshEmail,
  pendingMember,
  post,
  rest,
  signIn,
} from "../../support/rest.js";
import { enableSecondFactor, nextCode, wrongCode } from "../../support/second-factor.js";
import { PASSWORD, type Started, start, startedApp } from "../../support/start-app.js";

const SESSIONS = "/identity/sessions";

const ask = (app: Started, cookie: string): Promise<Answer> =>
  rest(app, "GET", "/auth/api/v2/orders", { headers: { cookie } });

async function idOf(app: Started, email: string): Promise<number> {
  const account = await app.rooms.accounts.byEmail(email);
  if (!account) throw new Error(`there is no account ${email}`);
  return account.id;
}

const setState = (app: Started, email: string, state: "active" | "banned" | "locked") =>
  app.database.transaction(async (tx) =>
    app.rooms.accounts.setState({ id: await idOf(app, email) }, state, tx),
  );

describeEachDatabase("signing in and out", (database) => {
  const app = startedApp(database);

  test("sign-in answers the account and sets guarded cookies of the session and the device", async () => {
    const email = await activeMember(app);

    const answer = await post(app, SESSIONS, {
      email: email.toUpperCase(),
      password: PASSWORD,
      otp_code: "",
    });

    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      email,
      uid: expect.stringMatching(/^ID[0-9A-F]{10}$/),
      role: "member",
      level: 1,
      otp: false,
      state: "active",
    });
    expect(Object.keys(answer.body as object)).toEqual(["email", "uid", "role", "level", "otp", "state"]);
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^_barong_session=[\w-]{43}; Max-Age=86400; Path=\/; HttpOnly; SameSite=Lax$/),
      expect.stringMatching(
        /^_barong_device=[0-9a-f]{32}-\d+-1-[0-9a-f]{64}; Max-Age=31536000; Path=\/; HttpOnly; SameSite=Lax$/,
      ),
    ]);
  });

  test("an unknown address and a wrong password answer alike", async () => {
    const email = await activeMember(app);

    for (const credentials of [
      { email, password: "Fai5aesoLEcx" },
      { email: freshEmail(), password: PASSWORD },
    ]) {
      expectRefusal(await post(app, SESSIONS, credentials), 401, "identity.session.invalid_params");
    }
  });

  test("what is missing is named, once each", async () => {
    expectRefusal(
      await post(app, SESSIONS, {}),
      400,
      "identity.session.missing_email",
      "identity.session.missing_password",
    );
    expectRefusal(
      await post(app, SESSIONS, { email: "" }),
      400,
      "identity.session.empty_email",
      "identity.session.missing_password",
    );
  });

  test("a list of addresses signs nobody in", async () => {
    const email = await activeMember(app);

    const refused = await post(app, SESSIONS, { email: ["zz", email], password: PASSWORD });

    expectRefusal(refused, 422, "identity.session.invalid_email");
  });

  test("a state other than active is told after the right password only", async () => {
    const pending = await pendingMember(app);
    const banned = await activeMember(app);
    await setState(app, banned, "banned");

    const wrong = { password: "Fai5aesoLEcx" };
    expectRefusal(
      await post(app, SESSIONS, { email: banned, ...wrong }),
      401,
      "identity.session.invalid_params",
    );
    const right = { password: PASSWORD };
    expectRefusal(await post(app, SESSIONS, { email: banned, ...right }), 401, "identity.session.banned");
    expectRefusal(
      await post(app, SESSIONS, { email: pending, ...right }),
      401,
      "identity.session.not_active",
    );
  });

  test("with a second factor the code is needed, and each code works once", async () => {
    const email = await activeMember(app);
    const seed = await enableSecondFactor(app, email);
    const code = nextCode(seed);
    const attempt = (otp_code?: string) => post(app, SESSIONS, { email, password: PASSWORD, otp_code });

    expectRefusal(await attempt(), 403, "identity.session.missing_otp");
    expectRefusal(await attempt(""), 403, "identity.session.missing_otp");
    expectRefusal(await attempt(wrongCode(seed, new Date())), 403, "identity.session.invalid_otp");
    const answers = await Promise.all(Array.from({ length: 5 }, () => attempt(code)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 201))
      expectRefusal(answer, 422, "totp.error");
  });

  test("every attempt is in the account's log with its reason", async () => {
    const email = await activeMember(app);
    await post(app, SESSIONS, { email, password: "Fai5aesoLEcx" });
    const cookie = await signIn(app, email);
    await rest(app, "DELETE", SESSIONS, { headers: { cookie } });
    const id = await idOf(app, email);
    await setState(app, email, "locked");
    await post(app, SESSIONS, { email, password: PASSWORD }, { "user-agent": "Tester/1" });

    const log = await app.rooms.activities.latest(id, 10);

    expect(log.map(({ action, result, data }) => [action, result, data])).toEqual([
      ["login", "failed", '{"reason":"Your account is not active"}'],
      ["logout", "succeed", null],
      ["login", "succeed", null],
      ["login", "failed", '{"reason":"Invalid Email or Password"}'],
    ]);
    expect(log[0]).toMatchObject({ topic: "session", userAgent: "Tester/1", userIp: "127.0.0.1" });
  });

  test("signing out ends the session and clears the cookie", async () => {
    const cookie = await signIn(app, await activeMember(app));

    const out = await rest(app, "DELETE", SESSIONS, { headers: { cookie } });

    expect(out).toMatchObject({ status: 204, body: "" });
    expect(out.headers.get("set-cookie")).toMatch(/^_barong_session=; Max-Age=0;/);
    expectRefusal(await ask(app, cookie), 401, "authz.invalid_session");
    expectRefusal(await rest(app, "DELETE", SESSIONS, { headers: { cookie } }), 404, "record.not_found");
  });

  test("a session that a ban has ended stays ended when the ban is lifted", async () => {
    const email = await activeMember(app);
    const cookie = await signIn(app, email);
    await setState(app, email, "banned");
    expectRefusal(await ask(app, cookie), 401, "authz.user_not_active");

    await setState(app, email, "active");

    expectRefusal(await ask(app, cookie), 401, "authz.invalid_session");
    expectRefusal(await rest(app, "DELETE", SESSIONS, { headers: { cookie } }), 404, "record.not_found");
  });

  test("a page of another origin cannot sign anybody out", async () => {
    const cookie = await signIn(app, await activeMember(app));

    for (const headers of [{ origin: "https://evil.example" }, { "sec-fetch-site": "cross-site" }]) {
      const refused = await rest(app, "DELETE", SESSIONS, { headers: { cookie, ...headers } });
      expectRefusal(refused, 403, "authz.origin_refused");
    }
    expect((await ask(app, cookie)).status).toBe(200);
    const same = await rest(app, "DELETE", SESSIONS, { headers: { cookie, origin: app.http } });
    expect(same.status).toBe(204);
  });

  test("a form on a page of another origin cannot sign its visitor in", async () => {
    const email = await activeMember(app);

    const refused = await rest(app, "POST", SESSIONS, {
      form: { email, password: PASSWORD },
      headers: { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
    });

    expectRefusal(refused, 403, "authz.origin_refused");
    expect(refused.headers.get("set-cookie")).toBeNull();
    // What a form cannot send has passed a preflight.
    const json = { email, password: PASSWORD };
    expect((await post(app, SESSIONS, json, { origin: "https://other.example" })).status).toBe(201);
  });

  test("an address that nobody can have is no address, whatever is in it", async () => {
    for (const email of ["a\u0000b@example.com", "' OR 1=1 --", "%"]) {
      const refused = await post(app, SESSIONS, { email, password: PASSWORD });
      expectRefusal(refused, 401, "identity.session.invalid_params");
    }
  });

  test("signing in again replaces the session of the cookie, and leaves others alone", async () => {
    const email = await activeMember(app);
    const elsewhere = await signIn(app, email);
    const before = await signIn(app, email);

    const after = cookieOf(await post(app, SESSIONS, { email, password: PASSWORD }, { cookie: before }));

    expect((await ask(app, before)).status).toBe(401);
    expect((await ask(app, after)).status).toBe(200);
    expect((await ask(app, elsewhere)).status).toBe(200);
  });

  test("guessing is stopped, for unknown addresses as well", async () => {
    const email = await activeMember(app);
    for (const address of [email, freshEmail()]) {
      for (let attempt = 0; attempt < 30; attempt += 1) {
        const wrong = await post(app, SESSIONS, { email: address, password: "Fai5aesoLEcx" });
        expect(wrong.status).toBe(401);
      }
      const stopped = await post(app, SESSIONS, { email: address, password: PASSWORD });
      expectRefusal(stopped, 429, "server.too_many_requests");
    }
  });

  test("strangers who guess do not keep the owner out of where he has been before", async () => {
    const guarded = await start(database, { environment: { TRUSTED_PROXIES: "127.0.0.1" } });
    try {
      const from = (ip: string) => ({ "x-forwarded-for": ip });
      const email = await activeMember(guarded);
      await post(guarded, SESSIONS, { email, password: PASSWORD }, from("198.51.100.1"));
      for (let guess = 0; guess < 100; guess += 1) {
        const place = from(`203.0.113.${guess % 5}`);
        await post(guarded, SESSIONS, { email, password: "Fai5aesoLEcx" }, place);
      }

      const attempt = (ip: string) => post(guarded, SESSIONS, { email, password: PASSWORD }, from(ip));

      expectRefusal(await attempt("192.0.2.9"), 429, "server.too_many_requests");
      expect((await attempt("198.51.100.1")).status).toBe(201);
    } finally {
      await guarded.stop();
    }
  });

  test("only signing in makes a place known: what is signed out or written down there keeps nobody's door open", async () => {
    const guarded = await start(database, { environment: { TRUSTED_PROXIES: "127.0.0.1" } });
    try {
      const from = (ip: string) => ({ "x-forwarded-for": ip });
      const admin = { cookie: await signIn(guarded, "admin@barong.io") };
      const audit = { role: "member", verb: "ALL", path: "api/v2/orders", action: "audit", topic: "session" };
      const made = await rest(guarded, "POST", "/admin/permissions", { json: audit, headers: admin });
      expect(made.status).toBe(201);
      const email = await activeMember(guarded);
      const signInFrom = (ip: string, password = PASSWORD) =>
        post(guarded, SESSIONS, { email, password }, from(ip));
      const cookie = cookieOf(await signInFrom("198.51.100.1"));
      const asked = await rest(guarded, "GET", "/auth/api/v2/orders", {
        headers: { cookie, ...from("192.0.2.8") },
      });
      expect(asked.status).toBe(200);
      const signedOut = await rest(guarded, "DELETE", SESSIONS, {
        headers: { cookie, ...from("192.0.2.9") },
      });
      expect(signedOut.status).toBe(204);
      const id = await idOf(guarded, email);
      const { rows } = await guarded.rooms.activities.list(id, "session", { offset: 0, limit: 10 });
      expect(rows.map(({ action, userIp, result }) => [action, userIp, result])).toEqual([
        ["logout", "192.0.2.9", "succeed"],
        ["audit", "192.0.2.8", "succeed"],
        ["login", "198.51.100.1", "succeed"],
      ]);

      for (let guess = 0; guess < 100; guess += 1) await signInFrom(`203.0.113.${guess % 5}`, "Fai5aesoLEcx");

      expectRefusal(await signInFrom("192.0.2.8"), 429, "server.too_many_requests");
      expectRefusal(await signInFrom("192.0.2.9"), 429, "server.too_many_requests");
      expect((await signInFrom("198.51.100.1")).status).toBe(201);
    } finally {
      await guarded.stop();
    }
  });

  test("one network has one count of guesses, and it is no other address's", async () => {
    const guarded = await start(database, { environment: { TRUSTED_PROXIES: "127.0.0.1" } });
    try {
      const guess = (email: string, ip: string) =>
        post(guarded, SESSIONS, { email, password: "Fai5aesoLEcx" }, { "x-forwarded-for": ip });
      const email = await activeMember(guarded);
      for (let spent = 0; spent < 30; spent += 1) await guess(email, `2001:db8::${spent + 1}`);

      expect((await guess(email, "2001:db8::ffff")).status).toBe(429);
      expect((await guess(`${email}:192.0.2.1`, "2001:db8::ffff")).status).toBe(401);
    } finally {
      await guarded.stop();
    }
  });

  test("a session ends when it is idle for half an hour, and after a day however busy it is", async () => {
    const now = { moment: new Date() };
    const timed = await start(database, { clock: () => now.moment });
    try {
      const email = await activeMember(timed);
      const idle = await signIn(timed, email);
      now.moment = secondsAfter(now.moment, 1801);
      expectRefusal(await ask(timed, idle), 401, "authz.invalid_session");

      const busy = await signIn(timed, email);
      for (let passed = 0; passed < 86_000; passed += 1500) {
        expect((await ask(timed, busy)).status).toBe(200);
        now.moment = secondsAfter(now.moment, 1500);
      }
      expectRefusal(await ask(timed, busy), 401, "authz.invalid_session");
    } finally {
      await timed.stop();
    }
  });

  test("a change that comes to nothing leaves the session as it was, and its cookie", async () => {
    const email = await activeMember(app);
    const cookie = await signIn(app, email);
    const account = await app.rooms.accounts.byEmail(email);
    const told: string[] = [];
    const own = {
      token: cookie.slice("_barong_session=".length),
      renewed: (token: string) => void told.push(token),
    };

    const change = app.database.transaction(async (tx) => {
      await app.rooms.accounts.setPassword({ id: account?.id ?? 0 }, account?.passwordDigest ?? "", tx, own);
      throw new Error("too late");
    });

    await expect(change).rejects.toThrow("too late");
    expect(told).toEqual([]);
    expect((await ask(app, cookie)).status).toBe(200);
  });

  test("a reset by e-mail ends the session of the cookie that comes with it as well", async () => {
    const email = await activeMember(app);
    const cookie = await signIn(app, email);
    expect((await ask(app, cookie)).status).toBe(200);
    await post(app, "/identity/users/password/generate_code", { email });
    const passwords = { password: "Gol4aid2", confirm_password: "Gol4aid2" };
    const reset_password_token = await app.tokenFor(email);

    const reset = await post(
      app,
      "/identity/users/password/confirm_code",
      { reset_password_token, ...passwords },
      { cookie },
    );

    expect(reset.status).toBe(201);
    expect(reset.headers.getSetCookie()).toEqual([]);
    expectRefusal(await ask(app, cookie), 401, "authz.invalid_session");
  });

  test("what is over is deleted when it can no longer be asked about, and nothing else is", async () => {
    const now = { moment: new Date() };
    const timed = await start(database, { clock: () => now.moment });
    try {
      const email = await activeMember(timed);
      const [idle, used] = [await signIn(timed, email), await signIn(timed, email)];
      const banned = await activeMember(timed);
      const ended = await signIn(timed, banned);
      await setState(timed, banned, "banned");
      now.moment = secondsAfter(now.moment, 1000);
      expect((await ask(timed, used)).status).toBe(200);

      expect(await timed.rooms.sessions.prune(100)).toBe(0);
      expectRefusal(await ask(timed, ended), 401, "authz.user_not_active");
      now.moment = secondsAfter(now.moment, 900);
      // The idle one and, for it was not seen by being asked about, the one that a ban has ended.
      expect(await timed.rooms.sessions.prune(100)).toBe(2);

      for (const cookie of [idle, ended])
        expectRefusal(await ask(timed, cookie), 401, "authz.invalid_session");
      expect((await ask(timed, used)).status).toBe(200);
    } finally {
      await timed.stop();
    }
  });

  test("a digest of Barong 2 signs in and is replaced by argon2id", async () => {
    const email = await activeMember(app);
    const id = await idOf(app, email);
    const digest = await bcrypt(PASSWORD, { cost: 4 });
    await app.database.transaction((tx) => app.rooms.accounts.setPassword({ id }, digest, tx));

    await signIn(app, email);

    expect((await app.rooms.accounts.byEmail(email))?.passwordDigest).toMatch(/^\$argon2id\$/);
    await signIn(app, email);
  });
});
