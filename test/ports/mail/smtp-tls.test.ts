import { afterEach, expect, test } from "vitest";
import { createSmtpMailer, type SmtpSettings } from "../../../src/ports/mail/smtp-mailer.js";
import { selfMadeCertificate } from "../../support/certificate.js";
import { refusalOf } from "../../support/mail-refusal.js";
import { type Certificate, startSmtpTwin } from "../../support/smtp-twin.js";

const certificate = selfMadeCertificate();

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

test("a mail goes encrypted to a server whose certificate is from a known authority", async () => {
  const { server, send } = await start({ offers: certificate, tls: "required", tlsCa: certificate.cert });

  await send();

  expect(server.received.map(({ encrypted }) => encrypted)).toEqual([true]);
});

test("where TLS is required, a server without it gets no mail", async () => {
  const { server, send } = await start({ tls: "required" });

  const refusal = await refusalOf(send());

  expect(refusal).toMatchObject({ permanent: false, unreachable: true });
  expect(server.received).toEqual([]);
});

test.each(["required", "opportunistic"] as const)(
  "with TLS %s, a certificate that nobody vouches for gets no mail",
  async (tls) => {
    const { server, send } = await start({ offers: certificate, tls });

    const refusal = await refusalOf(send());

    expect(refusal).toMatchObject({ permanent: false, unreachable: true });
    expect(server.received).toEqual([]);
  },
);

test("a certificate of another authority than the one that is named gets no mail", async () => {
  const { server, send } = await start({
    offers: certificate,
    tls: "required",
    tlsCa: selfMadeCertificate().cert,
  });

  const refusal = await refusalOf(send());

  expect(refusal.unreachable).toBe(true);
  expect(server.received).toEqual([]);
});

test("opportunistic TLS encrypts where the server offers it, and sends where it does not", async () => {
  const offering = await start({ offers: certificate, tls: "opportunistic", tlsCa: certificate.cert });
  const plain = await start({ tls: "opportunistic" });

  await offering.send();
  await plain.send();

  expect(offering.server.received.map(({ encrypted }) => encrypted)).toEqual([true]);
  expect(plain.server.received.map(({ encrypted }) => encrypted)).toEqual([false]);
});

test("without TLS even what the server offers is left alone", async () => {
  const { server, send } = await start({ offers: certificate, tls: "none" });

  await send();

  expect(server.received.map(({ encrypted }) => encrypted)).toEqual([false]);
});

async function start({ offers, ...settings }: Partial<SmtpSettings> & { readonly offers?: Certificate }) {
  const server = await startSmtpTwin(offers && { tls: offers });
  const mailer = createSmtpMailer({
    url: server.url,
    from: "noreply@barong.test",
    timeoutMs: 2000,
    sendTimeoutMs: 5000,
    ...settings,
  });
  closing.push(server.down, mailer.close);
  const mail = { id: "1", to: "dana@example.com", subject: "Hello", topic: "confirmation" };
  return { server, send: () => mailer.send({ ...mail, text: "the text", html: "<p>the HTML</p>" }) };
}
