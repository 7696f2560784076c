import { expect, test } from "vitest";
import { createMailbox } from "../../../src/ports/mail/mailbox.js";

const noon = () => new Date("2026-11-22T12:00:00Z");

test("the mailbox lists mail and SMS, newest first, with what a test needs and nothing else", async () => {
  const mailbox = createMailbox(noon);
  const mail = { subject: "Confirm", text: "a link", html: "<p>", topic: "confirmation" };

  await mailbox.send({ id: "outbox-1", to: "dana@example.com", token: "t0ken", ...mail });
  await mailbox.sendSms({ to: "380501234567", text: "Your code: 123456", code: "123456" });

  const at = "2026-11-22T12:00:00.000Z";
  expect(mailbox.list()).toStrictEqual([
    {
      id: expect.any(String),
      kind: "sms",
      to: "380501234567",
      subject: "",
      text: "Your code: 123456",
      code: "123456",
      at,
    },
    {
      id: "outbox-1",
      kind: "mail",
      to: "dana@example.com",
      subject: "Confirm",
      text: "a link",
      token: "t0ken",
      at,
    },
  ]);
});

test("the mailbox keeps the newest 500 messages", async () => {
  const mailbox = createMailbox(noon);

  for (let number = 1; number <= 501; number++) await mailbox.sendSms({ to: "1", text: `${number}` });

  expect(mailbox.list()).toHaveLength(500);
  expect(mailbox.list()[0]?.text).toBe("501");
  expect(mailbox.list().at(-1)?.text).toBe("2");
});
