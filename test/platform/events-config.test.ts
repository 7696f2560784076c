import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { readConfig } from "../../src/platform/config.js";

const keyOf = (kind: "rsa" | "ec"): string => {
  const { privateKey } =
    kind === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return Buffer.from(privateKey.export({ type: "pkcs8", format: "pem" })).toString("base64url");
};

test("a broker is told of events when its URL is set, or any part of it as in Barong 2", () => {
  const urlOf = (environment: Record<string, string>) => readConfig(environment).events.broker?.url;

  expect(urlOf({})).toBeUndefined();
  expect(urlOf({ EVENT_API_RABBITMQ_HOST: "mq" })).toBe("amqp://guest:guest@mq:5672");
  expect(urlOf({ EVENT_API_RABBITMQ_PASSWORD: "p@ss/w" })).toBe("amqp://guest:p%40ss%2Fw@localhost:5672");
  expect(urlOf({ EVENT_API_RABBITMQ_URL: "amqps://u:p@mq/vh", EVENT_API_RABBITMQ_HOST: "other" })).toBe(
    "amqps://u:p@mq/vh",
  );
});

test("the key of events is one line of base64, and its algorithm one that it can sign by", () => {
  const read = (environment: Record<string, string>) => readConfig(environment).events.jwt;

  expect(read({ EVENT_API_JWT_PRIVATE_KEY: keyOf("rsa"), EVENT_API_JWT_ALGORITHM: "RS512" })).toMatchObject({
    algorithm: "RS512",
    key: { algorithm: "RS256" },
  });
  expect(read({ EVENT_API_JWT_PRIVATE_KEY: keyOf("ec") }).key?.algorithm).toBe("ES256");
  expect(() => read({ EVENT_API_JWT_PRIVATE_KEY: "garbage" })).toThrow(
    "EVENT_API_JWT_PRIVATE_KEY cannot be read as a private key",
  );
  expect(() => read({ EVENT_API_JWT_PRIVATE_KEY: keyOf("ec"), EVENT_API_JWT_ALGORITHM: "RS256" })).toThrow(
    "EVENT_API_JWT_ALGORITHM is RS256, and EVENT_API_JWT_PRIVATE_KEY is for ES256",
  );
  expect(() => read({ JWT_ALGORITHM: "ES256", EVENT_API_JWT_ALGORITHM: "RS256" })).toThrow("JWT_ALGORITHM");
});

test("an authority for TLS needs a broker with TLS", () => {
  const environment = { EVENT_API_RABBITMQ_URL: "amqp://mq", EVENT_API_RABBITMQ_TLS_CA: "ca.pem" };

  expect(() => readConfig(environment)).toThrow("EVENT_API_RABBITMQ_TLS_CA needs");
});
