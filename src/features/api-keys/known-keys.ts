import { LRUCache } from "lru-cache";
import { BriefCache } from "../../platform/brief-cache.js";
import { withinBudget } from "../../platform/budget.js";
import type { Clock } from "../../platform/clock.js";
import { gatheredReads } from "../../platform/gathered.js";
import { type AddressRange, membershipOf, readRange } from "../../platform/network.js";
import type { Vault } from "../../platform/secrets.js";
import type { Accounts } from "../accounts/accounts.js";
import { isKid, secretContext } from "./rules.js";
import type { OwnedKey, UseStore } from "./use-store.js";

/** Keys kept in memory at most, each with its secret. */
const MOST_KEPT = 20_000;
const MOST_IN_A_STATEMENT = 100;
const MOST_STATEMENTS = 2;

/** A key as whoever checks its use needs it. */
export interface KnownKey extends Omit<OwnedKey, "secretEncrypted" | "allowedIps" | "scope"> {
  readonly scope: readonly string[];
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
  /** How long a look into the database may take. */
  readonly readMs: number;
}

/** Keys by their names, in whatever state, with their owners. */
export function createKnownKeys({ store, accounts, vault, clock, cacheMs, readMs }: KnownKeysNeeds) {
  const cache = new BriefCache<KnownKey>({ milliseconds: cacheMs, most: MOST_KEPT });
  accounts.onChanged(({ id }) => cache.forgetAllOf(id));

  const read = gatheredReads<OwnedKey>({
    mostTogether: MOST_IN_A_STATEMENT,
    mostUnderway: MOST_STATEMENTS,
    read: (kids) => withinBudget(readMs, () => store.find(kids, clock())),
  });

  /** Which name has the key of a number never changes. */
  const kids = new LRUCache<number, string>({ max: MOST_KEPT });

  async function open(kid: string): Promise<KnownKey | undefined> {
    const stored = await read(kid);
    if (!stored) return undefined;
    kids.set(stored.id, kid);
    const { secretEncrypted, allowedIps, scope, ...key } = stored;
    return {
      ...key,
      scope: JSON.parse(scope),
      secret: vault.open(secretEncrypted, secretContext(kid)),
      allows: allowing(allowedIps),
    };
  }

  async function find(kid: string): Promise<KnownKey | undefined> {
    if (!isKid(kid)) return undefined;
    return (
      cache.peek(kid) ??
      cache.load(
        kid,
        () => open(kid),
        ({ account }) => account.id,
      )
    );
  }

  return {
    /** The key from memory, if it was read a moment ago. */
    peek: (kid: string): KnownKey | undefined => cache.peek(kid),

    find,

    async findById(id: number): Promise<KnownKey | undefined> {
      const kid = kids.get(id) ?? (await withinBudget(readMs, () => store.kidOf(id)));
      return kid === undefined ? undefined : find(kid);
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
