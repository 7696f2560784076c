import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { secondsAfter, systemClock } from "../../src/platform/clock.js";
import { describeEachDatabase } from "../support/databases.js";
import { freshEmail, post } from "../support/rest.js";
import { type SmtpTwin, startSmtpTwin } from "../support/smtp-twin.js";
import { PASSWORD, start } from "../support/start-app.js";

/** Nobody is texted here. */
const TWILIO_ACCOUNT = { TWILIO_ACCOUNT_SID: "AC0", TWILIO_AUTH_TOKEN: "token" };
const LEASE_SECONDS = 10;

describeEachDatabase("what a mail server refuses", (database) => {
  async function startWith(smtp: SmtpTwin) {
    const ahead = { seconds: 0 };
    const app = await start(database, {
      environment: {
        SMTP_URL: smtp.url,
        SMTP_CONNECTIONS: "2",
        MAIL_FROM: "Barong <noreply@example.com>",
        OUTBOX_LEASE_SECONDS: String(LEASE_SECONDS),
        ...TWILIO_ACCOUNT,
      },
      clock: () => secondsAfter(systemClock(), ahead.seconds),
    });
    onTestFinished(async () => {
      await app.stop();
      await smtp.down();
    });
    return {
      async signUp(email: string): Promise<void> {
        expect((await post(app, "/identity/users", { email, password: PASSWORD })).status).toBe(201);
      },
      async parcelsOf(email: string) {
        const account = await app.rooms.accounts.byEmail(email);
        const { rows } = await app.rooms.outbox.list({ userId: account?.id }, { offset: 0, limit: 10 });
        return rows;
      },
      settled: () => app.rooms.outbox.settled(),
      /** Later, when what was refused is due again. */
      async later(): Promise<void> {
        ahead.seconds += 60;
        app.rooms.outbox.kick();
        await app.rooms.outbox.settled();
      },
    };
  }
  const receivedBy = ({ received }: SmtpTwin, email: string) =>
    received.filter(({ envelope }) => envelope.to.includes(email));

  test("because of who we are is tried again, and sent once when that is mended", async () => {
    const smtp = await startSmtpTwin();
    const { signUp, settled, parcelsOf, later } = await startWith(smtp);
    const email = freshEmail();
    smtp.refuse("RCPT TO", 554, "5.7.1 Client host [192.0.2.1] blocked");
    await signUp(email);
    await settled();
    expect(await parcelsOf(email)).toMatchObject([
      { state: "waiting", attempts: 1, lastError: "the mail server answered 554 5.7.1 to RCPT TO" },
    ]);

    smtp.accept();
    await later();
    await later();

    expect(receivedBy(smtp, email)).toHaveLength(1);
  });

  test("because it closes the connection of one mail is tried again, and holds up no other", async () => {
    const smtp = await startSmtpTwin();
    const { signUp, settled, parcelsOf, later } = await startWith(smtp);
    const [email, other] = [freshEmail(), freshEmail()];
    smtp.refuse("RCPT TO", 421, "4.3.2 closing");
    await signUp(email);
    await settled();
    expect(await parcelsOf(email)).toMatchObject([{ state: "waiting", attempts: 1 }]);

    smtp.accept();
    await signUp(other);
    await settled();
    expect(receivedBy(smtp, other)).toHaveLength(1);
    await later();
    await later();

    expect(receivedBy(smtp, email)).toHaveLength(1);
  });

  test("because of the letters of an address is a dead letter that says so, and nothing else waits for it", async () => {
    const smtp = await startSmtpTwin({ hideUtf8: true });
    const { signUp, settled, parcelsOf } = await startWith(smtp);
    const [international, other] = [`дана.${freshEmail()}`, freshEmail()];

    await signUp(international);
    await signUp(other);
    await settled();

    expect(await parcelsOf(international)).toMatchObject([
      { state: "dead", attempts: 1, lastError: "the mail server takes ASCII addresses alone (no SMTPUTF8)" },
    ]);
    expect(receivedBy(smtp, other)).toHaveLength(1);
    expect(smtp.received).toHaveLength(1);
  });

  test("or takes, only after it has thought for longer than a lease, is sent once", {
    timeout: 60_000,
  }, async () => {
    const smtp = await startSmtpTwin();
    const { signUp, settled, parcelsOf } = await startWith(smtp);
    const email = freshEmail();
    const release = smtp.hold();
    await signUp(email);

    await sleep(LEASE_SECONDS * 1500);
    release();
    await settled();

    expect(await parcelsOf(email)).toMatchObject([{ state: "sent", attempts: 1 }]);
    await sleep(200);
    expect(receivedBy(smtp, email)).toHaveLength(1);
  });
});
