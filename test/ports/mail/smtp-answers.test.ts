import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createSmtpMailer } from "../../../src/ports/mail/smtp-mailer.js";
import { refusalOf } from "../../support/mail-refusal.js";
import { startSmtpTwin } from "../../support/smtp-twin.js";

const GIVEN_UP = { permanent: true, unreachable: false };
const TRIED_AGAIN = { permanent: false, unreachable: false };
const ALL_WAIT = { permanent: false, unreachable: true };

test.each([
  ["our address is on a blocklist", "RCPT TO", 554, "5.7.1 blocked", TRIED_AGAIN],
  ["relaying is denied", "RCPT TO", 550, "5.7.1 relaying denied", TRIED_AGAIN],
  ["policy without a word", "RCPT TO", 550, "5.7.0 no", TRIED_AGAIN],
  ["our address has no name", "RCPT TO", 550, "5.7.25 no reverse DNS", TRIED_AGAIN],
  ["our sender's domain is unknown", "RCPT TO", 550, "5.1.8 no such domain", TRIED_AGAIN],
  ["our domain does not vouch for us", "DATA", 550, "5.7.26 neither SPF nor DKIM", TRIED_AGAIN],
  ["encryption is demanded", "DATA", 554, "5.7.10 encryption needed", TRIED_AGAIN],
  ["the recipient is unknown", "RCPT TO", 550, "5.1.1 unknown", GIVEN_UP],
  ["a list takes no mails", "RCPT TO", 550, "5.7.2 no", GIVEN_UP],
  ["the mailbox has another owner", "RCPT TO", 550, "5.7.17 moved", GIVEN_UP],
  ["the mail is taken for spam", "DATA", 554, "5.7.1 spam", GIVEN_UP],
  ["the content is refused without a word", "DATA", 550, "5.7.0 no", GIVEN_UP],
  ["the server closes, and takes another connection", "MAIL FROM", 421, "4.3.2 closing", TRIED_AGAIN],
  ["the server closes, and takes another connection", "RCPT TO", 421, "4.7.0 too many mails", TRIED_AGAIN],
  ["the server closes, and takes another connection", "DATA", 421, "4.3.2 closing", TRIED_AGAIN],
  ["our login is not taken", "RCPT TO", 535, "5.7.8 no", ALL_WAIT],
] as const)("where %s (%s: %d %s), the mail has its fate", async (_what, command, code, text, fate) => {
  const server = await startSmtpTwin();
  const mailer = createSmtpMailer({ url: server.url, from: "noreply@barong.test", timeoutMs: 2000 });
  onTestFinished(async () => {
    await mailer.close();
    await server.down();
  });
  server.refuse(command, code, text);

  const refusal = await refusalOf(mailer.send(aMail("dana@example.com")));

  expect(refusal).toMatchObject(fate);
  expect(refusal.message).toContain(`${code} ${text.slice(0, 4)}`);
});

test.each(["RCPT", "DATA"])(
  "a server that closes at %s, and is gone, holds up all mails",
  async (command) => {
    const url = await serverThatAnswers({ [command]: "421 4.3.2 closing" }, { once: true });
    const mailer = createSmtpMailer({ url, from: "noreply@barong.test", timeoutMs: 500 });
    onTestFinished(mailer.close);

    expect(await refusalOf(mailer.send(aMail("dana@example.com")))).toMatchObject(ALL_WAIT);
  },
);

test.each(["501 5.5.4 syntax", "553 5.1.3 what an address", "550 5.7.1 not these"])(
  "a server that refuses a sender with SMTPUTF8 (%s) holds up no other mail",
  async (answer) => {
    const url = await serverThatAnswers({ EHLO: "250-ready\r\n250 SMTPUTF8", "MAIL FROM": answer });
    const mailer = createSmtpMailer({ url, from: "noreply@barong.test" });
    onTestFinished(mailer.close);

    expect(await refusalOf(mailer.send(aMail("dána@example.com")))).toMatchObject(TRIED_AGAIN);
    expect(await refusalOf(mailer.send(aMail("dana@example.com")))).toMatchObject(ALL_WAIT);
  },
);

test("a server that refuses by policy before it has the mail has not judged the mail", async () => {
  const url = await serverThatAnswers({ DATA: "554 5.7.1 not from you" });
  const mailer = createSmtpMailer({ url, from: "noreply@barong.test" });
  onTestFinished(mailer.close);

  expect(await refusalOf(mailer.send(aMail("dana@example.com")))).toMatchObject(TRIED_AGAIN);
});

test("an address outside ASCII is not given to a server that does not offer SMTPUTF8, for good", async () => {
  const server = await startSmtpTwin({ hideUtf8: true });
  const mailer = createSmtpMailer({ url: server.url, from: "noreply@barong.test", timeoutMs: 2000 });
  onTestFinished(async () => {
    await mailer.close();
    await server.down();
  });

  const refusal = await refusalOf(mailer.send(aMail("dána@example.com")));
  await mailer.send(aMail("dana@exämple.com"));

  expect(refusal).toMatchObject(GIVEN_UP);
  expect(refusal.message).toBe("the mail server takes ASCII addresses alone (no SMTPUTF8)");
  expect(server.received.map(({ envelope }) => envelope.to)).toEqual([["dana@exämple.com"]]);
});

test("an address outside ASCII gets its mail from a server that offers SMTPUTF8, and waits for one that is away", async () => {
  const server = await startSmtpTwin();
  const mailer = createSmtpMailer({ url: server.url, from: "noreply@barong.test", timeoutMs: 2000 });
  onTestFinished(async () => {
    await mailer.close();
    await server.down();
  });

  await mailer.send(aMail("dána@example.com"));
  await server.down();
  const refusal = await refusalOf(mailer.send(aMail("dána@example.com")));

  expect(server.received.map(({ envelope }) => envelope.to)).toEqual([["dána@example.com"]]);
  expect(refusal).toMatchObject(ALL_WAIT);
});

test.each(["555 5.5.4 unknown parameter", "550 5.6.7 not permitted"])(
  "a server that offers SMTPUTF8 and refuses it (%s) gives up that mail alone",
  async (answer) => {
    const url = await serverThatAnswers({ EHLO: "250-ready\r\n250 SMTPUTF8", "MAIL FROM": answer });
    const mailer = createSmtpMailer({ url, from: "noreply@barong.test" });
    onTestFinished(mailer.close);

    expect(await refusalOf(mailer.send(aMail("dána@example.com")))).toMatchObject(GIVEN_UP);
    expect(await refusalOf(mailer.send(aMail("dana@example.com")))).toMatchObject(ALL_WAIT);
  },
);

/** Is content with everything that is not named; `once`, for one connection. */
async function serverThatAnswers(
  answers: Readonly<Record<string, string>>,
  { once = false } = {},
): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    if (once) server.close();
    socket.write("220 ready\r\n");
    socket.on("data", (line) => {
      const command = Object.keys(answers).find((name) => String(line).startsWith(name));
      socket.write(`${command === undefined ? "250 fine" : answers[command]}\r\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return `smtp://127.0.0.1:${address.port}`;
}

const aMail = (to: string) => ({
  ...{ id: "outbox-1", to, subject: "Hello", topic: "confirmation" },
  ...{ text: "the text", html: "<p>the HTML</p>" },
});
