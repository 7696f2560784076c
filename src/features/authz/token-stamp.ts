import { randomHex } from "../../platform/random.js";

/**
 * When the account was read that a token speaks of, to the millisecond. The claim `iat` counts in seconds, and whether a token is from
 * before or after a change of credentials must not depend on the second; so the last three digits of `jti`, whose form is a contract,
 * hold the moment, as far as it can be told from `iat`.
 */
export function stampedJti(iat: number, asOf: number): string {
  const latest = latestFor(iat);
  const moment = Math.min(Math.max(asOf, latest - RANGE + 1), latest);
  return `${randomHex(9).slice(0, 17)}${(moment % RANGE).toString(16).padStart(3, "0")}`;
}

/** Milliseconds since 1970 of the moment in a `jti`; the beginning of `iat` for one that has none. */
export function momentIn(jti: string, iat: number): number {
  const [, digits] = /^[0-9a-f]{17}([0-9a-f]{3})$/.exec(jti) ?? [];
  if (digits === undefined) return iat * 1000;
  const latest = latestFor(iat);
  return latest - ((((latest - Number.parseInt(digits, 16)) % RANGE) + RANGE) % RANGE);
}

/** What three hexadecimal digits tell apart, in milliseconds. */
const RANGE = 4096;

/** A change may be dated by a clock that is a second ahead. */
const latestFor = (iat: number): number => iat * 1000 + 1999;
