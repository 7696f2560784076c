import { createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { MailMessage } from "../../../src/ports/mail/mail.js";
import { createSmtpMailer, type SmtpSettings } from "../../../src/ports/mail/smtp-mailer.js";
import { refusalOf } from "../../support/mail-refusal.js";
import { startSmtpTwin } from "../../support/smtp-twin.js";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

test("a mail arrives as text and HTML, from the configured sender, under an id that stays", async () => {
  const { server, mailer } = await start();

  await mailer.send(aMail({ id: "outbox-17", to: "dana@example.com", subject: "Grüße, дана" }));

  const [received] = server.received;
  expect(received?.envelope).toEqual({ from: "noreply@barong.test", to: ["dana@example.com"] });
  expect(received?.mail.from?.text).toBe('"Barong" <noreply@barong.test>');
  expect(received?.mail.messageId).toBe("<outbox-17@barong.test>");
  expect(received?.mail.subject).toBe("Grüße, дана");
  expect(received?.mail.text?.trim()).toBe("the text");
  expect(received?.mail.html).toContain("<p>the HTML</p>");
  expect(received?.mail.headers.get("auto-submitted")).toBe("auto-generated");
});

test("the token of a mail is in no header", async () => {
  const { server, mailer } = await start();

  await mailer.send(aMail({ token: "one-time-token" }));

  const headers = server.received[0]?.mail.headerLines.map(({ line }) => line).join("\n");
  expect(headers).not.toContain("one-time-token");
});

test.each([
  ["a line break in the address", { to: "dana@example.com\r\nBcc: eve@example.com" }],
  ["two addresses", { to: "dana@example.com, eve@example.com" }],
  ["an address with angle brackets", { to: "x<eve@example.com>@example.com" }],
  ["an address without a domain", { to: "dana" }],
  ["a line break in the subject", { subject: "Hello\r\nBcc: eve@example.com" }],
  ["a line break in the id", { id: "1>\r\nBcc: eve@example.com" }],
])("%s is refused for good and nothing is sent", async (_what, fields) => {
  const { server, mailer } = await start();

  const refusal = await refusalOf(mailer.send(aMail(fields)));

  expect(refusal.permanent).toBe(true);
  expect(server.received).toEqual([]);
});

test.each([
  ["an unknown recipient", "RCPT TO", 550, { permanent: true, unreachable: false }],
  ["a full mailbox for now", "RCPT TO", 452, { permanent: false, unreachable: false }],
  ["a mail held for spam", "DATA", 554, { permanent: true, unreachable: false }],
  ["a busy server", "DATA", 451, { permanent: false, unreachable: false }],
  ["a sender that the server does not let us use", "MAIL FROM", 550, { permanent: false, unreachable: true }],
  ["a log-in that is needed first", "RCPT TO", 530, { permanent: false, unreachable: true }],
] as const)(
  "the answer to %s tells whether trying again makes sense, and whether it is about this mail",
  async (_what, command, code, verdict) => {
    const { server, mailer } = await start();
    server.refuse(command, code, "5.1.1 dana@example.com https://example.com/?token=s3cret");

    const refusal = await refusalOf(mailer.send(aMail()));

    expect(refusal).toMatchObject(verdict);
    expect(refusal.message).toBe(`the mail server answered ${code} 5.1.1 to ${command}`);
  },
);

test("a server that is down is worth another try, and works again when it is back", async () => {
  const { server, mailer } = await start();
  await server.down();

  const refusal = await refusalOf(mailer.send(aMail()));
  await server.up();
  await mailer.send(aMail());

  expect(refusal).toMatchObject({ permanent: false, unreachable: true });
  expect(server.received).toHaveLength(1);
});

test("a connection that the server closed while it was idle does no harm", async () => {
  const { server, mailer } = await start();
  await mailer.send(aMail({ id: "before" }));
  await server.down();
  await server.up();

  await mailer.send(aMail({ id: "after" }));

  expect(server.received.map(({ mail }) => mail.messageId)).toEqual([
    "<before@barong.test>",
    "<after@barong.test>",
  ]);
});

test("a server that accepts the connection and then says nothing is given up", async () => {
  const port = await serverThat(() => {});
  const mailer = createSmtpMailer({ url: `smtp://127.0.0.1:${port}`, from: "a@b.test", timeoutMs: 100 });
  closing.push(mailer.close);

  const refusal = await refusalOf(mailer.send(aMail()));

  expect(refusal.permanent).toBe(false);
});

test("a server that breaks off at one mail and takes others holds up that mail alone", async () => {
  const port = await serverThat((socket) => {
    socket.write("220 ready\r\n");
    socket.on("data", (line) => {
      if (/^DATA/i.test(String(line))) socket.destroy();
      else socket.write(/^QUIT/i.test(String(line)) ? "221 bye\r\n" : "250 fine\r\n");
    });
  });
  const mailer = createSmtpMailer({ url: `smtp://127.0.0.1:${port}`, from: "a@b.test", timeoutMs: 1000 });
  closing.push(mailer.close);

  const refusal = await refusalOf(mailer.send(aMail()));

  expect(refusal).toMatchObject({ permanent: false, unreachable: false });
  expect(refusal.message).toContain("broke off");
});

test("a server that takes longer than others to take a mail is waited for", async () => {
  const server = await startSmtpTwin();
  const url = server.url;
  const mailer = createSmtpMailer({ url, from: "a@b.test", timeoutMs: 1000, sendTimeoutMs: 10_000 });
  closing.push(server.down, mailer.close);
  server.delay(2500);

  await mailer.send(aMail());

  expect(server.received).toHaveLength(1);
});

test("a server that has all of a mail may think for longer than one that has not", async () => {
  const server = await startSmtpTwin();
  const url = server.url;
  const mailer = createSmtpMailer({
    url,
    from: "a@b.test",
    timeoutMs: 300,
    sendTimeoutMs: 300,
    answerTimeoutMs: 3000,
  });
  closing.push(server.down, mailer.close);
  server.delay(1500);

  await mailer.send(aMail({ id: "thought-about" }));
  const release = server.hold();
  const began = performance.now();
  const refusal = await refusalOf(mailer.send(aMail({ id: "never-answered" })));
  release();

  expect(server.received[0]?.mail.messageId).toBe("<thought-about@b.test>");
  expect(refusal).toMatchObject({ permanent: false, unreachable: false });
  expect(performance.now() - began).toBeGreaterThan(2900);
});

test("a server that does not take the envelope in time is given up before it has the mail", async () => {
  const port = await serverThat((socket) => {
    socket.write("220 ready\r\n");
    socket.on("data", (line) => {
      if (!/^(RCPT|DATA)/i.test(String(line)))
        socket.write(/^QUIT/i.test(String(line)) ? "221 bye\r\n" : "250 fine\r\n");
    });
  });
  const url = `smtp://127.0.0.1:${port}`;
  const mailer = createSmtpMailer({ url, from: "a@b.test", timeoutMs: 1000, sendTimeoutMs: 300 });
  closing.push(mailer.close);

  const began = performance.now();
  const refusal = await refusalOf(mailer.send(aMail()));

  expect(refusal).toMatchObject({ permanent: false, unreachable: false });
  expect(performance.now() - began).toBeLessThan(2000);
});

test("mails go over no more connections than allowed, and each carries no more than allowed", async () => {
  const { server, mailer } = await start({ connections: 2, messagesPerConnection: 3 });
  server.delay(30);

  await Promise.all(Array.from({ length: 12 }, (_, number) => mailer.send(aMail({ id: `mail-${number}` }))));

  expect(server.received).toHaveLength(12);
  expect(server.connections).toEqual({ most: 2, total: 4 });
});

test("a server that trickles its answers is given up after the time for one mail", async () => {
  const port = await serverThat((socket) => {
    const trickle = setInterval(() => socket.write("220-still here\r\n"), 20);
    socket.on("close", () => clearInterval(trickle)).on("error", () => {});
  });
  const mailer = createSmtpMailer({
    url: `smtp://127.0.0.1:${port}`,
    from: "a@b.test",
    timeoutMs: 200,
    sendTimeoutMs: 200,
  });
  closing.push(mailer.close);

  const refusal = await refusalOf(mailer.send(aMail()));

  expect(refusal.permanent).toBe(false);
});

test("a password is not sent to another machine without encryption", async () => {
  const heard: string[] = [];
  const port = await serverThat((socket) => {
    socket.write("220 ready\r\n");
    socket.on("data", (line) => {
      heard.push(String(line));
      socket.write(/^EHLO/i.test(String(line)) ? "250-ready\r\n250 AUTH PLAIN\r\n" : "502 unknown\r\n");
    });
  });
  // Leads to this machine as well, but is not one of the names that are known to.
  const mailer = createSmtpMailer({ url: `smtp://user:secret@0.0.0.0:${port}`, from: "a@b.test" });
  closing.push(mailer.close);

  const refusal = await refusalOf(mailer.send(aMail()));

  expect(refusal.permanent).toBe(false);
  expect(heard.join("")).toContain("EHLO");
  expect(heard.join("")).not.toContain("AUTH");
});

test("a sender without a domain stops the start", () => {
  expect(() => createSmtpMailer({ url: "smtp://localhost", from: "Barong" })).toThrow("MAIL_FROM");
});

async function start(settings: Partial<SmtpSettings> = {}) {
  const server = await startSmtpTwin();
  const from = "Barong <noreply@barong.test>";
  const mailer = createSmtpMailer({ url: server.url, from, timeoutMs: 2000, ...settings });
  closing.push(server.down, mailer.close);
  return { server, mailer };
}

async function serverThat(greets: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    greets(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}

const aMail = (fields: Partial<MailMessage> = {}): MailMessage => ({
  id: "outbox-1",
  to: "dana@example.com",
  subject: "Hello",
  text: "the text",
  html: "<p>the HTML</p>",
  topic: "confirmation",
  ...fields,
});
