import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { isWebhookSecret, signedHeaders } from "../../src/platform/signed-webhook.js";

const secretOf = (bytes: number) => `whsec_${randomBytes(bytes).toString("base64")}`;

describe("the headers of a webhook", () => {
  test("are what Standard Webhooks' own library verifies, whatever the body holds", () => {
    const secret = secretOf(32);
    const body = JSON.stringify({ text: "Grüße & код\n" });

    const headers = signedHeaders({ id: "msg_1", timestamp: new Date(), body, secrets: [secret] });

    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
  });

  test("are those of its published example", () => {
    const headers = signedHeaders({
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
      timestamp: new Date(1_614_265_330_999),
      body: '{"test": 2432232314}',
      secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    });

    expect(headers).toEqual({
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  test("are verified by whoever has either of two secrets, while one is changed for the other", () => {
    const secrets = [secretOf(32), secretOf(24)];

    const headers = signedHeaders({ id: "msg_1", timestamp: new Date(), body: "{}", secrets });

    for (const secret of secrets) expect(new Webhook(secret).verify("{}", headers)).toEqual({});
    expect(() => new Webhook(secretOf(32)).verify("{}", headers)).toThrow("No matching signature found");
  });

  test.each([
    ["id", { id: "msg_2" }],
    ["time", { timestamp: new Date(Date.now() + 1000) }],
    ["body", { body: "{} " }],
    ["secret", { secrets: [secretOf(24)] }],
  ])("do not fit another %s", (_what, other) => {
    const sent = { id: "msg_1", timestamp: new Date(), body: "{}", secrets: [secretOf(24)] };
    const { "webhook-signature": signature = "" } = signedHeaders(sent);
    const asked = { ...sent, ...other };

    const headers = { ...signedHeaders(asked), "webhook-signature": signature };

    expect(() => new Webhook(asked.secrets[0] ?? "").verify(asked.body, headers)).toThrow(
      "No matching signature found",
    );
  });
});

test.each([
  [secretOf(24), true],
  [secretOf(64), true],
  [secretOf(23), false],
  [secretOf(65), false],
  [`whsec_${Buffer.alloc(32).toString("base64")}`, false],
  [randomBytes(32).toString("base64"), false],
  ["whsec_", false],
  ["whsec_not base64 at all, though long enough", false],
])("%s may sign: %s", (secret, may) => {
  expect(isWebhookSecret(secret)).toBe(may);
  const sign = () => signedHeaders({ id: "1", timestamp: new Date(), body: "", secrets: [secret] });
  if (may) expect(sign()).toHaveProperty("webhook-signature");
  else expect(sign).toThrow("24 to 64 random bytes");
});
