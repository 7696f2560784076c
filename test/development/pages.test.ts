import { fastify } from "fastify";
import { expect, test } from "vitest";
import { developmentPages } from "../../src/development/pages.js";
import { createMailbox } from "../../src/ports/mail/mailbox.js";

const noon = () => new Date("2026-11-22T12:00:00Z");

test("the mailbox page shows every mail and SMS with its links, and refreshes itself", async () => {
  const { get, mailbox } = await start();
  await mailbox.send(aMail({ text: "Confirm: http://localhost:8080/dev/confirmation?token=a&x=1 now" }));
  await mailbox.sendSms({ to: "380501234567", text: "Your code: 123456", code: "123456" });

  const page = await get("/dev/mailbox");

  expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(page.body).toContain(
    '<a href="http://localhost:8080/dev/confirmation?token=a&amp;x=1">http://localhost:8080/dev/confirmation?token=a&amp;x=1</a> now',
  );
  expect(page.body).toContain("dana@example.com");
  expect(page.body.indexOf("Your code: 123456")).toBeLessThan(page.body.indexOf("Hello Dana"));
  expect(page.body).toContain('<meta http-equiv="refresh"');
});

test("nothing in a mail becomes markup, and only http addresses become links", async () => {
  const { get, mailbox } = await start();
  const nasty = `"><script>alert(1)</script> javascript:alert(1) http://x/'onclick='alert(1)`;
  await mailbox.send(aMail({ to: `${nasty}@example.com`, subject: nasty, text: nasty }));

  const { body } = await get("/dev/mailbox");

  expect(body).not.toContain("<script>");
  expect(body).not.toContain(`href="javascript`);
  expect(body).not.toContain("'onclick");
});

test.each([
  ["/dev/confirmation", "/api/v2/identity/users/email/confirm_code", ["token"]],
  [
    "/dev/password-reset",
    "/api/v2/identity/users/password/confirm_code",
    ["reset_password_token", "password", "confirm_password"],
  ],
])("%s posts to the API the fields it asks for, with the token of the link", async (path, action, names) => {
  const { get } = await start();

  const { body } = await get(`${path}?token=${encodeURIComponent('to"ken')}`);

  expect(body).toContain(`<form method="post" action="${action}"`);
  expect([...body.matchAll(/<input name="(\w+)"/g)].map(([, name]) => name)).toEqual(names);
  expect(body).toContain('value="to&quot;ken"');
});

test.each(["/dev/confirmation", "/dev/password-reset?token=a&token=b"])(
  "%s asks for a token when the link has none",
  async (path) => {
    const { get } = await start();

    const page = await get(path);

    expect(page.statusCode).toBe(200);
    expect(page.body).toContain('value=""');
  },
);

test("a page allows its own style and script only, and each answer has another nonce", async () => {
  const { get } = await start();

  const [first, second] = [await get("/dev/confirmation"), await get("/dev/confirmation")];

  const policy = String(first.headers["content-security-policy"]);
  const [, nonce = ""] = /script-src 'nonce-([\w-]+)'/.exec(policy) ?? [];
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("form-action 'self'");
  expect(policy).not.toContain("unsafe");
  expect(first.body).toContain(`<script nonce="${nonce}">`);
  expect(second.headers["content-security-policy"]).not.toBe(policy);
  expect(first.headers["cache-control"]).toBe("no-store");
});

test("the mailbox as JSON is the list of its messages, newest first", async () => {
  const { get, mailbox } = await start();
  await mailbox.send(aMail({ id: "1" }));
  await mailbox.send(aMail({ id: "2", token: "t0ken" }));

  const answer = await get("/dev/mailbox.json");

  const at = "2026-11-22T12:00:00.000Z";
  const shown = { kind: "mail", to: "dana@example.com", subject: "Hello Dana", text: "text", at };
  expect(answer.json()).toStrictEqual([
    { id: "2", ...shown, token: "t0ken" },
    { id: "1", ...shown },
  ]);
});

test("the page of mails leads to every mail in every language", async () => {
  const { get } = await start();

  const { body } = await get("/dev/mails");

  for (const topic of someSamples.topics)
    for (const language of someSamples.languages)
      expect(body).toContain(`href="/dev/mails?topic=${topic}&amp;language=${language}"`);
  expect(body).not.toContain("<iframe");
});

test("a mail is shown as text, and as HTML in a frame that may do nothing and load nothing", async () => {
  const { get } = await start();

  const page = await get("/dev/mails?topic=greeting&language=de");
  const [, frame = ""] = /<iframe title="HTML" sandbox src="([^"]+)">/.exec(page.body) ?? [];
  const mail = await get(frame.replaceAll("&amp;", "&"));

  expect(page.body).toContain("<pre>Hallo &lt;Dana&gt;</pre>");
  expect(page.body).not.toContain("<b>Hallo</b>");
  expect(page.headers["content-security-policy"]).toContain("frame-src 'self'");
  expect(mail.body).toBe("<b>Hallo</b>");
  expect(mail.headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(mail.headers["content-security-policy"]).toBe(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox",
  );
});

test.each(["", "?topic=greeting", "?topic=__proto__&language=de", "?topic=greeting&language=xx&language=de"])(
  "a mail that there is not, asked for by %j, is not shown",
  async (query) => {
    const { get } = await start();

    expect((await get(`/dev/mails${query}`)).body).not.toContain("<iframe");
    expect((await get(`/dev/mails/html${query}`)).statusCode).toBe(404);
  },
);

test("a name that somebody has made to lead here shows nothing", async () => {
  const { mailbox, get } = await start();
  await mailbox.send(aMail({ token: "t0ken" }));

  const answer = await get("/dev/mailbox.json", "evil.example");

  expect(answer.statusCode).toBe(403);
  expect(answer.body).not.toContain("t0ken");
});

async function start() {
  const mailbox = createMailbox(noon);
  const server = fastify();
  await server.register(
    developmentPages({
      mailbox,
      samples: someSamples,
      settled: async () => undefined,
      hosts: ["localhost", "127.0.0.1"],
    }),
  );
  return {
    mailbox,
    get: (url: string, host = "localhost:8080") => server.inject({ url, headers: { host } }),
  };
}

const someSamples = {
  topics: ["greeting", "farewell"],
  languages: ["en", "de"],
  compose: (topic: string, language: string) =>
    topic === "greeting" && language === "de"
      ? { subject: "Gruß", text: "Hallo <Dana>", html: "<b>Hallo</b>" }
      : undefined,
};

const aMail = (fields: Partial<Parameters<ReturnType<typeof createMailbox>["send"]>[0]>) => ({
  id: "1",
  to: "dana@example.com",
  subject: "Hello Dana",
  text: "text",
  html: "<p>",
  topic: "confirmation",
  ...fields,
});
