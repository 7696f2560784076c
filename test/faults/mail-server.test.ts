import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { secondsAfter } from "../../src/platform/clock.js";
import { describeEachDatabase } from "../support/databases.js";
import { freshEmail, post } from "../support/rest.js";
import { type SmtpTwin, startSmtpTwin } from "../support/smtp-twin.js";
import { PASSWORD, type Started, start } from "../support/start-app.js";
import { recordingLogger } from "./observed.js";

/** Nobody is texted here. */
const TWILIO_ACCOUNT = { TWILIO_ACCOUNT_SID: "AC0", TWILIO_AUTH_TOKEN: "token" };

describeEachDatabase("a mail server with troubles", (database) => {
  const { logger, lines } = recordingLogger();
  const now = { moment: new Date() };
  let smtp: SmtpTwin;
  let app: Started & { stop(): Promise<void> };

  beforeAll(async () => {
    smtp = await startSmtpTwin();
    const environment = { SMTP_URL: smtp.url, MAIL_FROM: "Barong <noreply@example.com>", ...TWILIO_ACCOUNT };
    app = await start(database, { environment, logger, clock: () => now.moment });
  });
  beforeEach(() => smtp.accept());
  afterAll(async () => {
    await app.stop();
    await smtp.down();
  });

  const signUp = (email: string) => post(app, "/identity/users", { email, password: PASSWORD });
  const receivedBy = (email: string) => smtp.received.filter(({ envelope }) => envelope.to.includes(email));

  /** Later, when what failed is due again. */
  async function later(): Promise<void> {
    now.moment = secondsAfter(now.moment, 60);
    app.rooms.outbox.kick();
    await app.rooms.outbox.settled();
  }

  test("a mail that could not be sent is sent once the server is back, once, and its token works", async () => {
    const email = freshEmail();
    await smtp.down();

    const began = performance.now();
    expect((await signUp(email)).status).toBe(201);
    expect(performance.now() - began).toBeLessThan(1500);
    await app.rooms.outbox.settled();
    await smtp.up();
    await later();
    await later();

    const [received, ...more] = receivedBy(email);
    expect(more).toEqual([]);
    const [token = ""] = /^[\w-]{43}$/m.exec(received?.mail.text ?? "") ?? [];
    expect((await post(app, "/identity/users/email/confirm_code", { token })).status).toBe(201);
    const log = lines.join("");
    expect(log).toContain("a delivery failed");
    expect(log).not.toContain(token);
    expect(log).not.toContain(email);
  });

  test("a mail that was refused for now is sent later, once", async () => {
    const email = freshEmail();
    smtp.refuse("DATA", 451, "try again later");
    await signUp(email);
    await app.rooms.outbox.settled();

    smtp.accept();
    await later();
    await later();

    expect(receivedBy(email)).toHaveLength(1);
  });

  test("a server that thinks for long does not slow sign-ups down", async () => {
    const emails = Array.from({ length: 3 }, freshEmail);
    smtp.delay(1000);

    for (const email of emails) expect((await signUp(email)).status).toBe(201);
    const receivedBefore = emails.flatMap(receivedBy);
    await app.rooms.outbox.settled();
    smtp.delay(0);

    expect(receivedBefore).toEqual([]);
    for (const email of emails) expect(receivedBy(email)).toHaveLength(1);
  });

  test("there is no mailbox page where everything really leaves", async () => {
    expect((await fetch(`${app.http}/dev/mailbox.json`)).status).toBe(404);
  });
});
