import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { secondsAfter, systemClock } from "../../src/platform/clock.js";
import { describeEachDatabase } from "../support/databases.js";
import { freshEmail, post } from "../support/rest.js";
import { type SmtpTwin, startSmtpTwin } from "../support/smtp-twin.js";
import { PASSWORD, type Started, start } from "../support/start-app.js";
import { recordingLogger } from "./observed.js";

/** Nobody is texted here. */
const TWILIO_ACCOUNT = { TWILIO_ACCOUNT_SID: "AC0", TWILIO_AUTH_TOKEN: "token" };

describeEachDatabase("a mail server with troubles", (database) => {
  const { logger, lines } = recordingLogger();
  /** How far the server's clock is before ours. */
  const ahead = { seconds: 0 };
  let smtp: SmtpTwin;
  let app: Started & { stop(): Promise<void> };

  beforeAll(async () => {
    smtp = await startSmtpTwin();
    const environment = { SMTP_URL: smtp.url, MAIL_FROM: "Barong <noreply@example.com>", ...TWILIO_ACCOUNT };
    app = await start(database, {
      environment,
      logger,
      clock: () => secondsAfter(systemClock(), ahead.seconds),
    });
  });
  beforeEach(() => smtp.accept());
  afterAll(async () => {
    await app.stop();
    await smtp.down();
  });

  const signUp = (email: string) => post(app, "/identity/users", { email, password: PASSWORD });
  const receivedBy = (email: string) => smtp.received.filter(({ envelope }) => envelope.to.includes(email));

  /** Later, when what was refused is due again. */
  async function later(): Promise<void> {
    ahead.seconds += 60;
    app.rooms.outbox.kick();
    await app.rooms.outbox.settled();
  }

  /** What is in the outbox about an account, as staff see it. */
  async function parcelsOf(email: string) {
    const account = await app.rooms.accounts.byEmail(email);
    return (await app.rooms.outbox.list({ userId: account?.id, channel: "mail" }, { offset: 0, limit: 10 }))
      .rows;
  }

  test("a mail that could not be sent is sent once the server is back, once, and its token works", async () => {
    const email = freshEmail();
    await smtp.down();

    const began = performance.now();
    expect((await signUp(email)).status).toBe(201);
    expect(performance.now() - began).toBeLessThan(1500);
    await app.rooms.outbox.settled();
    expect(await parcelsOf(email)).toMatchObject([{ state: "waiting", attempts: 0 }]);
    await smtp.up();

    await vi.waitFor(() => expect(receivedBy(email)).toHaveLength(1), 10_000);
    await later();
    const [received, ...more] = receivedBy(email);
    expect(more).toEqual([]);
    expect(await parcelsOf(email)).toMatchObject([{ state: "sent" }]);
    const [token = ""] = /^[\w-]{43}$/m.exec(received?.mail.text ?? "") ?? [];
    expect((await post(app, "/identity/users/email/confirm_code", { token })).status).toBe(201);
    const log = lines.join("");
    expect(log).toContain("the mail server cannot be reached");
    expect(log).not.toContain(token);
    expect(log).not.toContain(email);
  });

  test("mails that come while the server is down are all sent when it is back, each once", async () => {
    const emails = Array.from({ length: 12 }, freshEmail);
    await smtp.down();

    for (const email of emails) await signUp(email);
    await smtp.up();

    await vi.waitFor(() => expect(emails.flatMap(receivedBy)).toHaveLength(emails.length), 20_000);
    await later();
    for (const email of emails) expect(receivedBy(email)).toHaveLength(1);
  });

  test("a mail that was refused for now is sent later, once, under the same id", async () => {
    const email = freshEmail();
    smtp.refuse("DATA", 451, "try again later");
    await signUp(email);
    await app.rooms.outbox.settled();
    expect(await parcelsOf(email)).toMatchObject([{ state: "waiting", attempts: 1 }]);

    smtp.accept();
    await later();
    await later();

    const [parcel] = await parcelsOf(email);
    expect(receivedBy(email).map(({ mail }) => mail.messageId)).toEqual([
      `<${parcel?.messageId}@example.com>`,
    ]);
  });

  test("a mail that is refused for good is given up at once, and the mails of others flow", async () => {
    const [refused, other] = [freshEmail(), freshEmail()];
    smtp.refuse("RCPT TO", 550, `5.1.1 <${refused}> is unknown here`);
    await signUp(refused);
    await app.rooms.outbox.settled();
    smtp.accept();

    await signUp(other);
    await app.rooms.outbox.settled();
    await later();

    expect(receivedBy(other)).toHaveLength(1);
    expect(receivedBy(refused)).toEqual([]);
    expect(await parcelsOf(refused)).toMatchObject([
      { state: "dead", attempts: 1, lastError: "the mail server answered 550 5.1.1 to RCPT TO" },
    ]);
  });

  test("a newer link takes the place of one that waits", async () => {
    const email = freshEmail();
    smtp.refuse("DATA", 451, "try again later");
    await signUp(email);
    await app.rooms.outbox.settled();
    await post(app, "/identity/users/email/generate_code", { email });
    await app.rooms.outbox.settled();

    smtp.accept();
    await later();

    const [received, ...more] = receivedBy(email);
    expect(more).toEqual([]);
    const [token = ""] = /^[\w-]{43}$/m.exec(received?.mail.text ?? "") ?? [];
    expect((await post(app, "/identity/users/email/confirm_code", { token })).status).toBe(201);
    const links = (await parcelsOf(email)).filter(({ topic }) => topic === "confirmation");
    expect(links.map(({ state }) => state)).toEqual(["sent", "dropped"]);
  });

  test("a link whose token has expired meanwhile is not sent any more", async () => {
    const email = freshEmail();
    smtp.refuse("DATA", 451, "try again later");
    await signUp(email);
    await app.rooms.outbox.settled();

    smtp.accept();
    ahead.seconds += 24 * 3600;
    await later();

    expect(receivedBy(email)).toEqual([]);
    expect(await parcelsOf(email)).toMatchObject([{ state: "dropped" }]);
  });

  test("sign-ups do not wait for a server that thinks for long, and their mails are taken once", async () => {
    const emails = Array.from({ length: 3 }, freshEmail);
    const release = smtp.hold();

    for (const email of emails) expect((await signUp(email)).status).toBe(201);
    const receivedBefore = emails.flatMap(receivedBy);
    release();
    await app.rooms.outbox.settled();

    expect(receivedBefore).toEqual([]);
    for (const email of emails) expect(receivedBy(email)).toHaveLength(1);
  });

  test("there is no mailbox page where everything really leaves", async () => {
    expect((await fetch(`${app.http}/dev/mailbox.json`)).status).toBe(404);
  });
});
