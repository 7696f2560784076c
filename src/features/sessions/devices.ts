import { type Clock, secondsAfter, secondsOf } from "../../platform/clock.js";
import { randomHex } from "../../platform/random.js";
import type { Vault } from "../../platform/secrets.js";
import type { Account } from "../accounts/accounts.js";

/** How long a device is known after a sign-in. */
export const DEVICE_SECONDS = 365 * 24 * 3600;

/** Accounts that one browser is known by: those that have last signed in. */
const MAX_ACCOUNTS = 5;

/** A browser in which the owner of an account has signed in. */
export interface Device {
  readonly id: string;
  /** The second factor was proved as well. */
  readonly withSecondFactor: boolean;
}

export interface DevicesDeps {
  readonly vault: Pick<Vault, "fingerprint" | "isFingerprint">;
  readonly clock: Clock;
}

/**
 * Known devices ("device cookies", OWASP): a browser keeps a signed value from each account that has signed in there. It opens nothing; its
 * guesses are counted apart from those of strangers. It is bound to the account alone and outlives a new password, as the owner keeps
 * the device.
 */
export function createDevices({ vault, clock }: DevicesDeps) {
  return {
    /** The device of an account; undefined when the cookie's value is forged, too old, or of other accounts. */
    find(value: string | undefined, account: Pick<Account, "uid">): Device | undefined {
      const entry = entriesIn(value).find((one) => isOf(account, one));
      if (!entry) return undefined;
      const expiresAt = secondsAfter(new Date(entry.issuedAt * 1000), DEVICE_SECONDS);
      if (expiresAt <= clock()) return undefined;
      return { id: entry.id, withSecondFactor: entry.factors === 2 };
    },

    /** The cookie's value after a sign-in with everything that the account asks for. What it holds of other accounts stays. */
    remember(value: string | undefined, account: Pick<Account, "uid" | "otp">): string {
      const entries = entriesIn(value);
      const own = entries.find((one) => isOf(account, one));
      const fresh = {
        id: own?.id ?? randomHex(16),
        issuedAt: secondsOf(clock()),
        factors: account.otp ? 2 : 1,
      };
      const others = entries.filter((one) => one !== own).map(({ text }) => text);
      const signed = `${signedPart(fresh)}-${vault.fingerprint(signedPart(fresh), contextOf(account))}`;
      return [signed, ...others].slice(0, MAX_ACCOUNTS).join(".");
    },
  };

  function isOf(account: Pick<Account, "uid">, entry: Entry): boolean {
    return vault.isFingerprint(entry.signature, signedPart(entry), contextOf(account));
  }
}

export type Devices = ReturnType<typeof createDevices>;

interface SignedFacts {
  readonly id: string;
  /** In seconds since 1970. */
  readonly issuedAt: number;
  /** 2 when the second factor was proved as well. */
  readonly factors: number;
}

interface Entry extends SignedFacts {
  readonly text: string;
  readonly signature: string;
}

const ENTRY = /^([0-9a-f]{32})-([1-9]\d{0,11})-([12])-([0-9a-f]{64})$/;

/** Whose they are only their accounts can tell. */
const entriesIn = (value = ""): Entry[] =>
  value.split(".", MAX_ACCOUNTS).flatMap((text) => entryIn(text) ?? []);

function entryIn(text: string): Entry | undefined {
  const [, id, issuedAt, factors, signature] = ENTRY.exec(text) ?? [];
  if (id === undefined || signature === undefined) return undefined;
  return { text, id, issuedAt: Number(issuedAt), factors: Number(factors), signature };
}

const signedPart = ({ id, issuedAt, factors }: SignedFacts): string => `${id}-${issuedAt}-${factors}`;

/** Signed for one account, an entry is worth nothing to another. */
const contextOf = ({ uid }: Pick<Account, "uid">): string => `device:${uid}`;
