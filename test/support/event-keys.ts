import { generateKeyPairSync } from "node:crypto";

/** A pair of keys for events, as the operators of Barong 2 have them. */
export function eventKeys() {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  return {
    /** Url-safe base64 with its padding, for EVENT_API_JWT_PRIVATE_KEY. */
    encodedPrivateKey: Buffer.from(pem).toString("base64").replaceAll("+", "-").replaceAll("/", "_"),
    publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}
