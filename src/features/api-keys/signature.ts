import { equalConstantTime, hmacSha256Hex } from "../../platform/secrets.js";

/** How a request is signed: by its nonce alone, as in Barong 2, or as a whole. */
export type Scheme = "nonce" | "request";

/** Begins the signature of a whole request. */
const VERSION = "v2=";

/** What a signature is about. */
export interface Signed {
  readonly kid: string;
  readonly nonce: string;
  /** In capitals. */
  readonly verb: string;
  /** Path and query, as they were sent. */
  readonly target: string;
  /** The SHA-256 of the body as lower-case hex. */
  readonly bodyHash: string;
}

export const schemeOf = (signature: string): Scheme => (signature.startsWith(VERSION) ? "request" : "nonce");

/** What a key's owner writes into `X-Auth-Signature`; the key of the HMAC is the secret's text. */
export const signatureBy = (scheme: Scheme, secret: string | Uint8Array, signed: Signed): string =>
  scheme === "nonce"
    ? hmacSha256Hex(secret, signed.nonce + signed.kid)
    : VERSION + hmacSha256Hex(secret, textOf(signed));

/** Whether it is the signature, in a time that tells nothing about how far it is right. */
export const isSignature = (
  candidate: string,
  scheme: Scheme,
  secret: string | Uint8Array,
  signed: Signed,
): boolean => equalConstantTime(candidate, signatureBy(scheme, secret, signed));

/** The lines that are signed of a whole request. */
const textOf = ({ kid, nonce, verb, target, bodyHash }: Signed): string =>
  ["BARONG-HMAC-SHA256", kid, nonce, verb, target, bodyHash].join("\n");
