import { createHash, createHmac } from "node:crypto";

export interface SigningKey {
  readonly kid: string;
  readonly secret: string;
}

export interface ToSign {
  readonly verb?: string;
  /** Path and query. */
  readonly target?: string;
  readonly body?: string;
  readonly nonce?: string;
}

/** The headers of API keys. A type and no interface, so that it is a record of headers. */
export type KeyHeaders = {
  readonly "x-auth-apikey": string;
  readonly "x-auth-nonce": string;
  readonly "x-auth-signature": string;
  readonly "x-auth-content-sha256"?: string;
};

let requests = 0;

/** A nonce of a moment that no other request has. */
export function freshNonce(moment = new Date()): string {
  requests += 1;
  return `${moment.getTime()}-${process.pid}_${requests}`;
}

/** Signs as Barong 2 has it: the nonce and the key's name. */
export const signedByNonce = (
  { kid, secret }: SigningKey,
  { nonce = String(Date.now()) }: ToSign = {},
): KeyHeaders => ({
  "x-auth-apikey": kid,
  "x-auth-nonce": nonce,
  "x-auth-signature": hmac(secret, nonce + kid),
});

/** Signs the whole request. */
export function signedByRequest(
  { kid, secret }: SigningKey,
  { verb = "GET", target = "/", body = "", nonce = freshNonce() }: ToSign = {},
): KeyHeaders {
  const bodyHash = createHash("sha256").update(body).digest("hex");
  const text = `BARONG-HMAC-SHA256\n${kid}\n${nonce}\n${verb}\n${target}\n${bodyHash}`;
  return {
    "x-auth-apikey": kid,
    "x-auth-nonce": nonce,
    "x-auth-signature": `v2=${hmac(secret, text)}`,
    "x-auth-content-sha256": bodyHash,
  };
}

const hmac = (secret: string, text: string): string =>
  createHmac("sha256", secret).update(text).digest("hex");
