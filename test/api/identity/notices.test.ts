import { expect, test } from "vitest";
import type { MailboxEntry } from "../../../src/ports/mail/mailbox.js";
import { describeEachDatabase } from "../../support/databases.js";
import { keyOfMember } from "../../support/key-owner.js";
import { activeMember, cookieOf, freshEmail, post, rest, signIn } from "../../support/rest.js";
import { enableSecondFactor, requestSeed } from "../../support/second-factor.js";
import { accountWith, asAdministrator } from "../../support/staff.js";
import { PASSWORD, start, startedApp } from "../../support/start-app.js";

const NEW_PASSWORD = "Gol4aid2";
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0";
const CONFIRMED = "Your e-mail address for Barong is confirmed";
const NEW_DEVICE = "New sign-in to your Barong account";
const PASSWORD_CHANGED = "Your Barong password was changed";

describeEachDatabase("notices", (database) => {
  const app = startedApp(database, { environment: { TRUSTED_PROXIES: "127.0.0.1" } });

  /** What somebody was told, oldest first, without mails that have a link. */
  async function noticesTo(email: string): Promise<MailboxEntry[]> {
    const mails = (await app.mails()).filter(({ to, token }) => to === email && token === undefined);
    return mails.reverse();
  }
  const subjectsTo = async (email: string) => (await noticesTo(email)).map(({ subject }) => subject);

  async function signInFrom(email: string, headers: Readonly<Record<string, string>>, password = PASSWORD) {
    return post(app, "/identity/sessions", { email, password }, headers);
  }

  test("who has confirmed an address is told so, once", async () => {
    const email = await activeMember(app);

    const again = await post(app, "/identity/users/email/confirm_code", { token: await app.tokenFor(email) });

    expect(again.status).toBe(422);
    expect(await subjectsTo(email)).toEqual([CONFIRMED]);
  });

  test("the first administrator, whom the server made, is told nothing", async () => {
    expect((await app.mails()).filter(({ to }) => to === "admin@barong.io")).toEqual([]);
  });

  test("a sign-in from a device that was not seen before is told, with time, place and device; others are not", async () => {
    const email = await activeMember(app);
    const home = { "user-agent": FIREFOX, "x-forwarded-for": "198.51.100.1" };
    await signInFrom(email, home);
    await signInFrom(email, home);
    expect(await subjectsTo(email)).toEqual([CONFIRMED]);

    await signInFrom(email, { ...home, "user-agent": "curl/8.5.0" });
    await signInFrom(email, { ...home, "x-forwarded-for": "198.51.100.2" });
    await signInFrom(email, { ...home, "x-forwarded-for": "198.51.100.2" });
    await signInFrom(email, home);

    const [, program, elsewhere, ...more] = await noticesTo(email);
    expect(more).toEqual([]);
    expect(program?.subject).toBe(NEW_DEVICE);
    expect(program?.text).toMatch(
      /\nTime: \d{4}-\d\d-\d\d \d\d:\d\d UTC\nIP address: 198\.51\.100\.1\nDevice: curl\n/,
    );
    expect(elsewhere?.text).toContain("\nIP address: 198.51.100.2\nDevice: Firefox, Linux\n");
  });

  test("addresses of one IPv6 network are one place", async () => {
    const email = await activeMember(app);
    await signInFrom(email, { "x-forwarded-for": "2001:db8:1:2::1" });

    await signInFrom(email, { "x-forwarded-for": "2001:db8:1:2:ffff::9" });
    await signInFrom(email, { "x-forwarded-for": "2001:db8:1:3::1" });

    expect(await subjectsTo(email)).toEqual([CONFIRMED, NEW_DEVICE]);
  });

  test("of sign-ins at once from one new device a single one is told", async () => {
    const email = await activeMember(app);
    await signIn(app, email);

    const answers = await Promise.all(
      Array.from({ length: 4 }, () => signInFrom(email, { "user-agent": FIREFOX })),
    );

    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(await subjectsTo(email)).toEqual([CONFIRMED, NEW_DEVICE]);
  });

  test("who signs in from ever new devices does not bury the owner in mails, nor keep his links from him", async () => {
    const email = await activeMember(app);
    await signIn(app, email);

    for (let device = 0; device < 8; device++) await signInFrom(email, { "user-agent": `device${device}` });
    await post(app, "/identity/users/password/generate_code", { email });

    expect(await subjectsTo(email)).toEqual([CONFIRMED, ...Array.from({ length: 5 }, () => NEW_DEVICE)]);
    expect(await app.tokenFor(email)).toMatch(/^[\w-]{43}$/);
  });

  test("a sign-in that is refused is not told, and its device stays new", async () => {
    const email = await activeMember(app);
    await signIn(app, email);

    await signInFrom(email, { "user-agent": FIREFOX }, "Wrong2Password");
    expect(await subjectsTo(email)).toEqual([CONFIRMED]);
    await signInFrom(email, { "user-agent": FIREFOX });

    expect(await subjectsTo(email)).toEqual([CONFIRMED, NEW_DEVICE]);
  });

  test("what a user agent says does not become a message to the owner", async () => {
    const email = await activeMember(app);
    await signIn(app, email);

    await signInFrom(email, { "user-agent": "Visit https://evil.example/ now <b>" });

    const [, notice] = await noticesTo(email);
    expect(notice?.subject).toBe(NEW_DEVICE);
    expect(notice?.text).not.toMatch(/evil|<b>/);
  });

  test("a new password is told, changed or reset, and a change that is refused is not", async () => {
    const email = await activeMember(app);
    const cookie = await signIn(app, email);
    const change = (old_password: string, new_password: string) =>
      rest(app, "PUT", "/resource/users/password", {
        json: { old_password, new_password, confirm_password: new_password },
        headers: { cookie },
      });

    expect((await change("Wrong2Password", NEW_PASSWORD)).status).toBe(400);
    expect(await subjectsTo(email)).toEqual([CONFIRMED]);
    expect((await change(PASSWORD, NEW_PASSWORD)).status).toBe(201);
    expect(await subjectsTo(email)).toEqual([CONFIRMED, PASSWORD_CHANGED]);

    await post(app, "/identity/users/password/generate_code", { email });
    const fields = { password: PASSWORD, confirm_password: PASSWORD };
    const token = await app.tokenFor(email);
    await post(app, "/identity/users/password/confirm_code", { reset_password_token: token, ...fields });

    expect(await subjectsTo(email)).toEqual([CONFIRMED, PASSWORD_CHANGED, PASSWORD_CHANGED]);
  });

  test("a second factor that is switched on, by the owner, or off, by staff, is told", async () => {
    const email = await activeMember(app);
    await enableSecondFactor(app, email);
    const { uid } = await accountWith(app, email);

    const off = await rest(app, "PUT", "/admin/users", {
      json: { uid, otp: false },
      headers: await asAdministrator(app),
    });

    expect(off.status).toBe(200);
    expect(await subjectsTo(email)).toEqual([
      CONFIRMED,
      "Two-factor authentication is on for Barong",
      "Two-factor authentication is off for Barong",
    ]);
  });

  test("an API key that is created is told by the first half of its id, without its secret", async () => {
    const { email, kid, secret } = await keyOfMember(app);

    const notice = (await noticesTo(email)).at(-1);
    expect(notice?.subject).toBe("New API key for your Barong account");
    expect(notice?.text).toContain(`API key: ${kid.slice(0, 8)}…`);
    expect(notice?.text).not.toContain(kid);
    expect(notice?.text).not.toContain(secret);
  });

  test("a verdict about documents is told when it changes, and by a private label alone", async () => {
    const email = await activeMember(app);
    const { uid } = await accountWith(app, email);
    const headers = await asAdministrator(app);
    const label = (method: string, value: string, scope = "private") =>
      rest(app, method, "/admin/users/labels", { json: { uid, key: "document", value, scope }, headers });

    await label("POST", "verified", "public");
    await label("POST", "pending");
    expect(await subjectsTo(email)).toEqual([CONFIRMED]);
    await label("PUT", "rejected");
    await label("PUT", "rejected");
    await label("PUT", "verified");
    await rest(app, "DELETE", `/admin/users/labels?uid=${uid}&key=document&scope=private`, { headers });

    expect(await subjectsTo(email)).toEqual([
      CONFIRMED,
      "Your documents at Barong were not accepted",
      "Your documents at Barong were accepted",
    ]);
  });

  test("an account is written to in the language named at its sign-up", async () => {
    const email = freshEmail();
    await post(app, "/identity/users", { email, password: PASSWORD, lang: "de-AT" });
    const token = await app.tokenFor(email);
    await post(app, "/identity/users/email/confirm_code", { token });

    expect(await subjectsTo(email)).toEqual(["Ihre E-Mail-Adresse für Barong ist bestätigt"]);
  });

  test("a reset in another language is answered in it, and the language of the account stays", async () => {
    const email = freshEmail();
    await post(app, "/identity/users", { email, password: PASSWORD, lang: "de" });
    await post(app, "/identity/users/password/generate_code", { email, lang: "tr" });
    const [reset] = (await app.mails()).filter(({ to }) => to === email);
    await post(app, "/identity/users/password/generate_code", { email });
    const [another] = (await app.mails()).filter(({ to }) => to === email);

    expect(reset?.subject).toBe("Barong için yeni şifre");
    expect(another?.subject).toBe("Neues Passwort für Barong");
    expect((await accountWith(app, email)).language).toBe("de");
  });

  test("the language of an account that has none is the one that somebody names first", async () => {
    const email = await activeMember(app);
    expect((await accountWith(app, email)).language).toBeNull();

    await post(app, "/identity/users/password/generate_code", { email, lang: "no language" });
    await post(app, "/identity/users/password/generate_code", { email, lang: "fr" });
    await post(app, "/identity/users/password/generate_code", { email, lang: "es" });

    expect((await accountWith(app, email)).language).toBe("fr");
  });

  test("where a listener of events mails the links, the server does not, but tells it what to mail", async () => {
    const away = "amqp://guest:guest@127.0.0.1:1";
    const other = await start(database, {
      environment: { MAIL_LINKS: "false", EVENT_API_RABBITMQ_URL: away },
    });
    try {
      const email = freshEmail();
      expect((await post(other, "/identity/users", { email, password: PASSWORD })).status).toBe(201);

      const { id } = await accountWith(other, email);
      const tokens = (await other.rooms.events.of(id)).filter(({ payload }) => payload.token !== undefined);
      expect(tokens.map(({ name }) => name)).toEqual(["system.user.email.confirmation.token"]);
      expect(await other.mails()).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  test("where notices are switched off, mails with links are sent and nothing else", async () => {
    const quiet = await start(database, { environment: { MAIL_NOTICES: "false" } });
    try {
      const email = await activeMember(quiet);
      await signIn(quiet, email);
      const other = await post(
        quiet,
        "/identity/sessions",
        { email, password: PASSWORD },
        { "user-agent": FIREFOX },
      );
      await requestSeed(quiet, { cookie: cookieOf(other) });

      expect((await quiet.mails()).map(({ subject }) => subject)).toEqual([
        "Confirm your e-mail address for Barong",
      ]);
    } finally {
      await quiet.stop();
    }
  });
});
