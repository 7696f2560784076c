import { generateSecret, verifySync } from "otplib";

const stepSeconds = 30;
const digits = 6;
const seedBytes = 20;

/**
 * The time step (30 s since 1970) of which `code` is the code: the present one, the one before or the one after; undefined
 * if it is none of them. Whoever accepts a code remembers its step, and refuses that step and earlier ones from then on.
 */
export function matchingStep(seedBase32: string, code: string, now: Date): number | undefined {
  const token = code.replace(/\s/g, "");
  if (!/^\d{6}$/.test(token)) return undefined;
  const result = verifySync({
    secret: seedBase32,
    token,
    epoch: Math.floor(now.getTime() / 1000),
    epochTolerance: stepSeconds,
    period: stepSeconds,
    digits,
    algorithm: "sha1",
  });
  return result.valid && "timeStep" in result ? result.timeStep : undefined;
}

/** A random seed of 20 bytes, as 32 characters of base32 without padding. */
export const newSeed = (): string => generateSecret({ length: seedBytes });

export interface Enrolment {
  /** The name of the service, shown by the authenticator application. */
  issuer: string;
  /** The e-mail address of the account. */
  account: string;
  /** Base32 without padding. */
  seed: string;
}

/** What an authenticator application reads from the QR code. Some clients cut the seed out by `secret=`. */
export function otpauthUrl({ issuer, account, seed }: Enrolment): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account).replaceAll("%40", "@")}`;
  const query = `algorithm=SHA1&digits=${digits}&issuer=${encodeURIComponent(issuer)}&period=${stepSeconds}`;
  return `otpauth://totp/${label}?${query}&secret=${seed}`;
}
