import { randomHex } from "../../platform/random.js";

/** The session or API key that a token is issued for. The token is valid on our own API only while its source is. */
export interface TokenSource {
  readonly kind: "session" | "api key";
  readonly id: number;
}

/** What the claim `jti` of our tokens says. */
export interface TokenStamp {
  /** When the account was read that the token describes, in milliseconds since 1970. */
  readonly asOf: number;
  readonly source: TokenSource;
}

/**
 * Writes the claim `jti`. Its form is a contract: 20 hexadecimal digits, which are in this order
 *
 * - 6 random digits;
 * - 10 digits, the id of the source;
 * - 1 digit, odd for an API key and even for a session, otherwise random;
 * - 3 digits, when the account was read, in milliseconds modulo 4096. `iat` counts in seconds, which is too coarse to tell whether a
 *   token is from before or after a change of credentials.
 */
export function stampedJti(iat: number, asOf: number, { kind, id }: TokenSource): string {
  const latest = latestFor(iat);
  const moment = Math.min(Math.max(asOf, latest - RANGE + 1), latest);
  const random = randomHex(4);
  const digit = Number.parseInt(random.slice(6, 7), 16);
  const kindDigit = kind === "api key" ? digit | 1 : digit & 0xe;
  return `${random.slice(0, 6)}${inHex(encodable(id), 10)}${inHex(kindDigit, 1)}${inHex(moment % RANGE, 3)}`;
}

/**
 * Reads the claim `jti` of one of our tokens; undefined for any other form. The `jti` of a token that another server has signed must not
 * be read: it may be random digits of the same form.
 */
export function stampIn(jti: string, iat: number): TokenStamp | undefined {
  const [, id, kind, moment] = /^[0-9a-f]{6}([0-9a-f]{10})([0-9a-f])([0-9a-f]{3})$/.exec(jti) ?? [];
  if (id === undefined || kind === undefined || moment === undefined) return undefined;
  const latest = latestFor(iat);
  const sinceMoment = (((latest - Number.parseInt(moment, 16)) % RANGE) + RANGE) % RANGE;
  return {
    asOf: latest - sinceMoment,
    source: { kind: isOdd(kind) ? "api key" : "session", id: Number.parseInt(id, 16) },
  };
}

/** The id of no row. */
const NO_ID = 0;

/** An id without room is left out, so that the token never names another source. Our own API refuses such a token. */
const encodable = (id: number): number => (id < 16 ** 10 ? id : NO_ID);

const inHex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

const isOdd = (digit: string): boolean => Number.parseInt(digit, 16) % 2 === 1;

/** What three hexadecimal digits tell apart, in milliseconds. */
const RANGE = 4096;

/** A change may be dated by a clock that is a second ahead. */
const latestFor = (iat: number): number => iat * 1000 + 1999;
