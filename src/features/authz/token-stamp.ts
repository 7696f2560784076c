import { randomHex } from "../../platform/random.js";

/**
 * What the claim `jti` of a token tells, whose form is a contract: 20 hexadecimal digits.
 *
 * The last three hold when the account was read that the token speaks of, to the millisecond, as far as it can be told from `iat`. That
 * claim counts in seconds, and whether a token is from before or after a change of credentials must not depend on the second.
 *
 * The digit before is odd in a token that was made for an API key, so that a key does not become a session by way of a token. The eight
 * in front of it are then the key's number; all others are chance.
 */
export function stampedJti(iat: number, asOf: number, keyId?: number): string {
  const latest = latestFor(iat);
  const moment = Math.min(Math.max(asOf, latest - RANGE + 1), latest);
  const digit = Number.parseInt(randomHex(1).slice(0, 1), 16);
  const purpose =
    keyId === undefined
      ? `${randomHex(8)}${(digit & 0xe).toString(16)}`
      : `${randomHex(4)}${inHex(numberOf(keyId), 8)}${(digit | 1).toString(16)}`;
  return `${purpose}${inHex(moment % RANGE, 3)}`;
}

/** Milliseconds since 1970 of the moment in a `jti`; the beginning of `iat` for one that has none. */
export function momentIn(jti: string, iat: number): number {
  const [, digits] = /^[0-9a-f]{17}([0-9a-f]{3})$/.exec(jti) ?? [];
  if (digits === undefined) return iat * 1000;
  const latest = latestFor(iat);
  return latest - ((((latest - Number.parseInt(digits, 16)) % RANGE) + RANGE) % RANGE);
}

/** The number of the API key that a token was made for; undefined for a session. In one of another form there is no key to be found. */
export function keyIn(jti: string): number | undefined {
  const [, id = "", kind = ""] = /^[0-9a-f]{8}([0-9a-f]{8})([0-9a-f])[0-9a-f]{3}$/.exec(jti) ?? [];
  if (/^[02468ace]$/.test(kind)) return undefined;
  return id === "" ? NO_KEY : Number.parseInt(id, 16);
}

/** The number of no key. */
const NO_KEY = 0;

/** A number that is too large is left out, rather than another key named: such tokens are for the services behind the gateway alone. */
const numberOf = (keyId: number): number => (keyId < 16 ** 8 ? keyId : NO_KEY);

const inHex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

/** What three hexadecimal digits tell apart, in milliseconds. */
const RANGE = 4096;

/** A change may be dated by a clock that is a second ahead. */
const latestFor = (iat: number): number => iat * 1000 + 1999;
