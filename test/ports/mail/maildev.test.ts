import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MailDev } from "maildev";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMailTexts } from "../../../src/features/mails/mail-texts.js";
import { mailSamples } from "../../../src/features/mails/samples.js";
import type { Mailer } from "../../../src/ports/mail/mail.js";
import { createSmtpMailer } from "../../../src/ports/mail/smtp-mailer.js";
import { openBrowser, testBrowsers } from "../../support/browsers.js";

const samples = mailSamples(
  createMailTexts({
    appName: "Barong",
    siteUrl: "https://example.com",
    confirmUrl: "https://example.com/accounts/confirmation?confirmation_token={token}",
    resetUrl: "https://example.com/accounts/password_reset?reset_token={token}",
  }),
);
const every = samples.topics.flatMap((topic) => ["en", "uk", "zh"].map((language) => ({ topic, language })));

/** As maildev's own interface shows it. */
interface Shown {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly to: readonly { readonly address: string }[];
}

/** Each mail goes to an address of its own, by which it is found. */
const addressOf = (topic: string, language: string): string => `dana+${topic}.${language}@example.com`;

describe("maildev, a mail server for developers", () => {
  let folder: string;
  let maildev: MailDev;
  let mailer: Mailer;
  let api: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "barong-maildev-"));
    const here = { ip: "127.0.0.1", webIp: "127.0.0.1", mailDirectory: folder };
    maildev = new MailDev({ smtp: 0, web: 0, silent: true, ...here });
    const servers = await maildev.start();
    mailer = createSmtpMailer({
      url: `smtp://127.0.0.1:${servers.smtp.getPort()}`,
      from: "Barong <noreply@barong.test>",
      tls: "none",
      timeoutMs: 2000,
    });
    api = `http://127.0.0.1:${servers.api?.getPort()}/api/email`;
    for (const { topic, language } of every) {
      const mail = samples.compose(topic, language);
      if (mail)
        await mailer.send({ id: `${topic}-${language}`, to: addressOf(topic, language), topic, ...mail });
    }
  });
  afterAll(async () => {
    await mailer.close();
    await maildev.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function shown(topic: string, language: string): Promise<Shown> {
    const mails = (await (await fetch(api)).json()) as Shown[];
    const found = mails.filter(
      ({ to }) => to.map(({ address }) => address).join() === addressOf(topic, language),
    );
    const [mail] = found;
    if (!mail || found.length > 1) throw new Error(`there are ${found.length} mails ${topic}-${language}`);
    return mail;
  }

  test.each(every)(
    "$topic in $language arrives once, whole, as text and as HTML",
    async ({ topic, language }) => {
      const sent = samples.compose(topic, language);

      const mail = await shown(topic, language);

      expect(mail.subject).toBe(sent?.subject);
      expect(mail.text.trim()).toBe(sent?.text.trim());
      expect(mail.html.trim()).toBe(sent?.html.trim());
    },
  );

  for (const program of testBrowsers()) {
    test("a browser shows each mail, in its language, and asks nobody for anything", async () => {
      const context = await openBrowser(program);
      try {
        const page = await context.newPage();
        const asked: string[] = [];
        page.on("request", (request) => asked.push(request.url()));
        // Else nobody would know whether requests are seen at all.
        await page.setContent(`<img src="${api}/picture">`);
        expect(asked).toEqual([`${api}/picture`]);

        for (const { topic, language } of every) {
          asked.length = 0;
          const { html, subject, text } = await shown(topic, language);
          await page.setContent(html, { waitUntil: "load" });

          expect(asked).toEqual([]);
          expect(await page.title()).toBe(subject);
          expect(await page.locator("html").getAttribute("lang")).toBe(language);
          const [lead = ""] = text.split("\n");
          expect(await page.locator("body").textContent()).toContain(lead);
        }
      } finally {
        await context.leave();
      }
    });
  }
});
