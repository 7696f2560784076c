import { expect, test } from "vitest";
import { createMailCourier } from "../../../src/features/mails/courier.js";
import { createMailTexts } from "../../../src/features/mails/mail-texts.js";
import type { Delivery } from "../../../src/features/outbox/outbox.js";
import { ChannelDown, DeliveryRefused } from "../../../src/ports/delivery.js";
import { type MailMessage, MailRefused } from "../../../src/ports/mail/mail.js";

const texts = createMailTexts({
  appName: "Barong",
  siteUrl: "https://example.com",
  confirmUrl: "https://example.com/?token={token}",
  resetUrl: "https://example.com/?reset={token}",
});

test("a mail is written when it is sent, in its language, and under the id it keeps", async () => {
  const { courier, sent } = aCourier();

  await courier.deliver(aDelivery({ payload: { to: "dana@example.com", language: "de", token: "t0ken" } }));

  expect(sent).toMatchObject([{ id: "0b7c", to: "dana@example.com", topic: "confirmation", token: "t0ken" }]);
  expect(sent[0]?.subject).toBe("Bestätigen Sie Ihre E-Mail-Adresse für Barong");
});

test("a notice has no token", async () => {
  const { courier, sent } = aCourier();
  const payload = { to: "dana@example.com", language: "en", time: "now", key: "a1b2c3d4…" };

  await courier.deliver(aDelivery({ topic: "api_key_created", payload }));

  expect(sent[0]).not.toHaveProperty("token");
  expect(sent[0]?.text).toContain("API key: a1b2c3d4…");
});

test.each([
  ["refused for good", new MailRefused("550", { permanent: true }), DeliveryRefused, true],
  ["refused for now", new MailRefused("451", { permanent: false }), DeliveryRefused, false],
  [
    "a server that is away",
    new MailRefused("no", { permanent: false, unreachable: true }),
    ChannelDown,
    undefined,
  ],
])("%s: the outbox learns what to do", async (_what, refusal, kind, permanent) => {
  const { courier } = aCourier(refusal);

  const fault: unknown = await courier.deliver(aDelivery()).catch((thrown: unknown) => thrown);

  expect(fault).toBeInstanceOf(kind);
  expect((fault as Partial<DeliveryRefused>).permanent).toBe(permanent);
});

test("a mail about what only a newer version knows waits for that version", async () => {
  const { courier, sent } = aCourier();

  const delivering = courier.deliver(aDelivery({ topic: "constructor" }));

  await expect(delivering).rejects.toMatchObject({ name: "DeliveryRefused", permanent: false });
  expect(sent).toEqual([]);
});

function aCourier(refusal?: Error) {
  const sent: MailMessage[] = [];
  const mailer = {
    async send(message: MailMessage) {
      if (refusal) throw refusal;
      sent.push(message);
    },
    async close() {},
  };
  return { sent, courier: createMailCourier({ mailer, texts, lanes: 1 }) };
}

const aDelivery = (fields: Partial<Delivery> = {}): Delivery => ({
  messageId: "0b7c",
  topic: "confirmation",
  accountId: 1,
  payload: { to: "dana@example.com", language: "en", token: "t0ken" },
  attempts: 1,
  createdAt: new Date("2026-11-22T12:00:00Z"),
  ...fields,
});
