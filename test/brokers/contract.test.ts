import { createPublicKey, type JsonWebKey } from "node:crypto";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { EVENT_NAMES } from "../../src/features/events/events.js";
import { describeEachDatabase } from "../support/databases.js";
import { eventKeys } from "../support/event-keys.js";
import { type Letter, startPostmaster } from "../support/postmaster.js";
import { startedRabbitmq } from "../support/rabbitmq.js";
import { freshEmail, post, rest, signIn } from "../support/rest.js";
import { someAccount } from "../support/staff.js";
import { PASSWORD, type Started, start, startedApp } from "../support/start-app.js";

const SIGN_UP = "/identity/users";
const CONFIRM = "/identity/users/email/confirm_code";
const FORGOT = "/identity/users/password/generate_code";
const RESET = "/identity/users/password/confirm_code";
const NEW_PASSWORD = "Gol4aid2";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const SECOND = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

const broker = startedRabbitmq();
const keys = eventKeys();

describeEachDatabase("the listeners of Barong 2 hear of accounts", (database) => {
  let app: Started & { stop(): Promise<void> };
  let mailer: Awaited<ReturnType<typeof startPostmaster>>;
  beforeAll(async () => {
    mailer = await startPostmaster({ url: broker.url, publicKey: keys.publicKey, names: EVENT_NAMES });
    app = await start(database, {
      environment: {
        EVENT_API_RABBITMQ_HOST: "127.0.0.1",
        EVENT_API_RABBITMQ_PORT: String(broker.port),
        EVENT_API_JWT_PRIVATE_KEY: keys.encodedPrivateKey,
        EVENT_API_JWT_ALGORITHM: "RS256",
      },
    });
  });
  afterAll(async () => {
    await app?.stop();
    await mailer?.stop();
  });

  const userOf = (letter: Letter) => letter.event.user as Record<string, unknown>;

  test("whoever signs up gets a mail by which the address is confirmed", async () => {
    const email = freshEmail();

    await post(app, SIGN_UP, { email, password: PASSWORD, lang: "FR" });
    const letter = await mailer.letter("system.user.email.confirmation.token", email);
    const confirmed = await post(app, CONFIRM, { token: String(letter.event.token) });

    expect(confirmed.status).toBe(201);
    expect(letter).toMatchObject({
      exchange: "barong.events.system",
      routingKey: "user.email.confirmation.token",
      event: { language: "FR", name: "system.user.email.confirmation.token" },
    });
    expect(Object.keys(letter.event)).toEqual(["user", "language", "token", "name"]);
    expect(userOf(letter)).toEqual({
      uid: expect.stringMatching(/^ID/),
      email,
      role: "member",
      level: 0,
      otp: false,
      state: "pending",
      created_at: expect.stringMatching(SECOND),
      updated_at: expect.stringMatching(SECOND),
    });
    expect(Object.keys(letter.claims)).toEqual(["iss", "jti", "iat", "exp", "event"]);
    expect(letter.claims.jti).toMatch(UUID);
    expect(letter.messageId).toBe(letter.claims.jti);
    const told = await mailer.letter("system.user.email.confirmed", email);
    expect(told.event).toMatchObject({ email, level: 1, state: "active" });
    expect(told.event.user).toBeUndefined();
  });

  test("whoever has lost the password gets a mail by which another is set", async () => {
    const email = freshEmail();
    await post(app, SIGN_UP, { email, password: PASSWORD });
    const first = await mailer.letter("system.user.email.confirmation.token", email);
    await post(app, CONFIRM, { token: String(first.event.token) });

    await post(app, FORGOT, { email, lang: "ru" });
    const letter = await mailer.letter("system.user.password.reset.token", email);
    const fields = { password: NEW_PASSWORD, confirm_password: NEW_PASSWORD };
    const reset = await post(app, RESET, {
      ...fields,
      reset_password_token: String(letter.event.token),
    });

    expect(reset.status).toBe(201);
    expect(letter.event.language).toBe("ru");
    expect(userOf(letter)).toMatchObject({ email, state: "active", level: 1 });
    const done = await mailer.letter("system.user.password.reset", email);
    expect(done.event).toMatchObject({ email, name: "system.user.password.reset" });
  });

  test("a password that its owner changes, and verdicts about documents, are told of", async () => {
    const email = freshEmail();
    await post(app, SIGN_UP, { email, password: PASSWORD });
    const first = await mailer.letter("system.user.email.confirmation.token", email);
    await post(app, CONFIRM, { token: String(first.event.token) });
    const headers = { cookie: await signIn(app, email) };
    const json = {
      old_password: PASSWORD,
      new_password: NEW_PASSWORD,
      confirm_password: NEW_PASSWORD,
    };

    const changed = await rest(app, "PUT", "/resource/users/password", { json, headers });
    const { uid } = userOf(first);
    const papers = { key: "document", scope: "private" } as const;
    await app.rooms.labels.createFor(String(uid), papers, "rejected");
    await app.rooms.labels.changeFor(String(uid), papers, "verified");

    expect(changed.status).toBe(201);
    expect((await mailer.letter("system.user.password.change", email)).event).toMatchObject({ email });
    for (const name of ["system.document.rejected", "system.document.verified"])
      expect((await mailer.letter(name, email)).event).toEqual({ uid, email, name });
  });

  test("what happens to accounts at the same time is told in the order of each account", async () => {
    const accounts = await Promise.all([1, 2, 3, 4].map(() => someAccount(app)));
    const levels = Array.from({ length: 12 }, (_each, at) => at % 6);

    await Promise.all(
      accounts.flatMap((account) =>
        levels.map((level) =>
          app.database.transaction((tx) => app.rooms.accounts.setLevel(account, level, tx)),
        ),
      ),
    );
    await app.rooms.outbox.settled();

    for (const { id, email } of accounts) {
      const recorded = (await app.rooms.events.of(id)).map(({ payload }) => payload);
      const record = recorded.at(-1)?.record;
      await expect.poll(() => heardOf(email).length, { timeout: 20_000 }).toBe(recorded.length);
      expect(heardOf(email).map(({ event: { name: _name, ...payload } }) => payload)).toEqual(recorded);
      expect(heardOf(email).at(-1)?.event.record).toEqual(record);
    }

    function heardOf(email: string) {
      return mailer.letters.filter(({ event }) => Reflect.get(Object(event.record), "email") === email);
    }
  });

  test("nothing was told that such a listener refuses, and nothing twice", async () => {
    const ids = mailer.letters.map(({ messageId }) => messageId);

    expect(mailer.faults).toEqual([]);
    expect(ids.length).toBeGreaterThan(20);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describeEachDatabase("events", (database) => {
  const app = startedApp(database, {
    environment: {
      // The broker's port is only known later.
      get EVENT_API_RABBITMQ_URL() {
        return broker.url;
      },
    },
  });

  test("without a key of their own are signed by the one of tokens", async () => {
    const { body } = await rest(app, "GET", "/.well-known/jwks.json");
    const { keys: published } = body as { keys: JsonWebKey[] };
    const key = createPublicKey({ key: { ...published[0] }, format: "jwk" });
    const publicKey = key.export({ type: "spki", format: "pem" }).toString();
    const postmaster = await startPostmaster({ url: broker.url, publicKey, names: EVENT_NAMES });
    onTestFinished(postmaster.stop);
    const email = freshEmail();

    await post(app, SIGN_UP, { email, password: PASSWORD });
    const letter = await postmaster.letter("system.user.email.confirmation.token", email);

    expect(letter.event.token).toEqual(expect.any(String));
    expect(postmaster.faults).toEqual([]);
  });
});
