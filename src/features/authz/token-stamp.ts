import { randomHex } from "../../platform/random.js";

/**
 * When the account was read that a token speaks of, to the millisecond. The claim `iat` counts in seconds, and whether a token is from
 * before or after a change of credentials must not depend on the second; so the last three digits of `jti`, whose form is a contract,
 * hold the moment, as far as it can be told from `iat`. The digit before tells what the token was made for, so that an API key does not
 * become a session by way of a token.
 */
export function stampedJti(iat: number, asOf: number, kind: TokenKind): string {
  const latest = latestFor(iat);
  const moment = Math.min(Math.max(asOf, latest - RANGE + 1), latest);
  const chance = randomHex(9);
  // Of the last digit of chance the lowest bit is no chance.
  const odd = kind === "api key" ? 1 : 0;
  const digit = ((Number.parseInt(chance.slice(16, 17), 16) & 0xe) | odd).toString(16);
  return `${chance.slice(0, 16)}${digit}${(moment % RANGE).toString(16).padStart(3, "0")}`;
}

/** Milliseconds since 1970 of the moment in a `jti`; the beginning of `iat` for one that has none. */
export function momentIn(jti: string, iat: number): number {
  const [, digits] = /^[0-9a-f]{17}([0-9a-f]{3})$/.exec(jti) ?? [];
  if (digits === undefined) return iat * 1000;
  const latest = latestFor(iat);
  return latest - ((((latest - Number.parseInt(digits, 16)) % RANGE) + RANGE) % RANGE);
}

/** What a token was made for. One of another form counts for the weaker. */
export const kindIn = (jti: string): TokenKind =>
  /^[0-9a-f]{16}[02468ace][0-9a-f]{3}$/.test(jti) ? "session" : "api key";

export type TokenKind = "session" | "api key";

/** What three hexadecimal digits tell apart, in milliseconds. */
const RANGE = 4096;

/** A change may be dated by a clock that is a second ahead. */
const latestFor = (iat: number): number => iat * 1000 + 1999;
