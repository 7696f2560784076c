import { BriefCache } from "../../platform/brief-cache.js";
import type { Clock } from "../../platform/clock.js";
import { type AddressRange, membershipOf, readRange } from "../../platform/network.js";
import type { Vault } from "../../platform/secrets.js";
import type { Accounts } from "../accounts/accounts.js";
import { isKid, secretContext } from "./rules.js";
import type { OwnedKey, UseStore } from "./use-store.js";

/** Keys kept in memory at most, each with its secret. */
const MOST_KEPT = 20_000;

/** A key as whoever checks its use needs it. */
export interface KnownKey extends Omit<OwnedKey, "secretEncrypted" | "allowedIps"> {
  /** When it and its owner were read. */
  readonly asOf: Date;
  /** The secret's text. */
  readonly secret: Uint8Array;
  /** Whether it may be used from an address. */
  allows(ip: string): boolean;
}

export interface KnownKeysNeeds {
  readonly store: UseStore;
  readonly accounts: Accounts;
  readonly vault: Vault;
  readonly clock: Clock;
  /** How long a key may be taken for what it was. */
  readonly cacheMs: number;
}

/** Keys by their names, in whatever state, with their owners. */
export function createKnownKeys({ store, accounts, vault, clock, cacheMs }: KnownKeysNeeds) {
  const cache = new BriefCache<KnownKey>({ milliseconds: cacheMs, most: MOST_KEPT });
  accounts.onChanged(({ id }) => cache.forgetAllOf(id));

  async function read(kid: string): Promise<KnownKey | undefined> {
    const asOf = clock();
    const stored = await store.find(kid);
    if (!stored) return undefined;
    const { secretEncrypted, allowedIps, ...key } = stored;
    return {
      ...key,
      asOf,
      secret: vault.open(secretEncrypted, secretContext(kid)),
      allows: allowing(allowedIps),
    };
  }

  return {
    /** The key from memory, if it was read a moment ago. */
    peek: (kid: string): KnownKey | undefined => cache.peek(kid),

    async find(kid: string): Promise<KnownKey | undefined> {
      if (!isKid(kid)) return undefined;
      return (
        cache.peek(kid) ??
        cache.load(
          kid,
          () => read(kid),
          ({ account }) => account.id,
        )
      );
    },

    /** To be called when something about the key has changed. */
    forget: (kid: string): void => cache.forget(kid),
  };
}

export type KnownKeys = ReturnType<typeof createKnownKeys>;

function allowing(ips: readonly string[]): (ip: string) => boolean {
  if (ips.length === 0) return () => true;
  return membershipOf(ips.map(readRange).filter((range): range is AddressRange => range !== undefined));
}
