import { secondsOf } from "../../platform/clock.js";
import { equalConstantTime, hmacSha256Hex } from "../../platform/secrets.js";
import type { LinkParts, LinkTerms } from "./storage.js";

/** Who has one can make links. The first makes them, all are recognised. */
export type LinkKeys = readonly [Uint8Array, ...Uint8Array[]];

/** The query of a link to a key, for a link made now. */
export function linkQuery(key: string, terms: LinkTerms, [secret]: LinkKeys, now: Date): URLSearchParams {
  const expires = secondsOf(now) + terms.seconds;
  const { fileName: name, contentType: type } = terms;
  const signature = signatureOf(secret, key, { expires, name, type });
  return new URLSearchParams({ expires: `${expires}`, name, type, signature });
}

/** Whether a link that came back is one of ours, for this key and as it was made, and not too old. */
export function judgeLink(
  key: string,
  parts: LinkParts,
  secrets: LinkKeys,
  now: Date,
): "good" | "expired" | "invalid" {
  const isOurs = secrets.some((secret) =>
    equalConstantTime(parts.signature, signatureOf(secret, key, parts)),
  );
  if (!isOurs) return "invalid";
  return secondsOf(now) < parts.expires ? "good" : "expired";
}

// As JSON, no two different sets of parts are the same text.
const signatureOf = (
  secret: Uint8Array,
  key: string,
  { expires, name, type }: Omit<LinkParts, "signature">,
) => hmacSha256Hex(secret, JSON.stringify([key, expires, name, type]));
