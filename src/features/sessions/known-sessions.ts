import type { Tx } from "../../database/database.js";
import { BriefCache } from "../../platform/brief-cache.js";
import { withinBudget } from "../../platform/budget.js";
import type { Clock } from "../../platform/clock.js";
import { gatheredReads } from "../../platform/gathered.js";
import { sha256Hex } from "../../platform/secrets.js";
import type { Accounts, Holder } from "../accounts/accounts.js";
import { deservesTouch, hasEnded, isToken, type SessionLimits } from "./rules.js";
import type { HeldSession, SessionStore } from "./store.js";

/** Sessions that a process remembers for a moment. */
const MOST_KNOWN = 50_000;
const MOST_IN_A_STATEMENT = 100;
const MOST_STATEMENTS = 2;

export interface KnownSessionsNeeds {
  readonly store: Pick<SessionStore, "withHolders" | "withHoldersById" | "touch">;
  readonly accounts: Pick<Accounts, "onChanged">;
  readonly clock: Clock;
  readonly limits: SessionLimits;
  /** How long a session may be taken for good without a look into the database. */
  readonly cacheMs: number;
  /** How long a look into the database may take. */
  readonly readMs: number;
  /** How long a request waits at most until it is written down that its session was seen. */
  readonly touchMs: number;
}

/** A session that holds, and the account it belongs to, in whatever state that is. */
export interface OpenSession {
  readonly id: number;
  readonly account: Holder;
  /** When both were read. */
  readonly asOf: Date;
}

/** Sessions by their tokens and by their ids, for every request that comes with a cookie or a bearer token. */
export function createKnownSessions({
  store,
  accounts,
  clock,
  limits,
  cacheMs,
  readMs,
  touchMs,
}: KnownSessionsNeeds) {
  const cache = new BriefCache<HeldSession>({ milliseconds: cacheMs, most: MOST_KNOWN });
  const cacheById = new BriefCache<HeldSession>({ milliseconds: cacheMs, most: MOST_KNOWN });
  const forgetOwner = (accountId: number): void => {
    cache.forgetAllOf(accountId);
    cacheById.forgetAllOf(accountId);
  };
  accounts.onChanged(({ id }) => forgetOwner(id));
  const batching = { mostTogether: MOST_IN_A_STATEMENT, mostUnderway: MOST_STATEMENTS };
  const read = gatheredReads<HeldSession>({
    ...batching,
    read: (tokenHashes) => withinBudget(readMs, () => store.withHolders(tokenHashes, clock())),
  });
  const readById = gatheredReads<HeldSession>({
    ...batching,
    read: (ids) => withinBudget(readMs, () => store.withHoldersById(ids, clock())),
  });

  const holds = (session: HeldSession): boolean =>
    !hasEnded(session, limits, clock()) && (session.endedAt === null || session.account.state !== "active");
  const isToBeTouched = (session: HeldSession): boolean =>
    session.endedAt === null && deservesTouch(session, limits, clock());

  const touching = new Set<number>();

  /** `key` is the session's key in `from`. */
  async function touch(from: typeof cache, key: string, session: HeldSession): Promise<void> {
    const lastSeenAt = clock();
    // Before it is written, so that of many requests at a time one writes.
    from.replace(key, session, { ...session, lastSeenAt });
    // Those that have read the session at the same time each hold a row of their own.
    if (touching.has(session.id)) return;
    touching.add(session.id);
    try {
      await withinBudget(touchMs, () => store.touch(session.id, lastSeenAt));
    } catch {
      // The session is good, whoever holds up the write of it: the next request tries again.
    } finally {
      touching.delete(session.id);
    }
  }

  return {
    /** The session behind a token where it is known to hold, without a look into the database. */
    peek(token: string): OpenSession | undefined {
      const session = cache.peek(token);
      return session && holds(session) && !isToBeTouched(session) ? session : undefined;
    },

    /**
     * The session behind a token, if it holds. Being asked for keeps it from going idle. One that was ended because its account
     * is no longer active is found too: whoever asks looks at the account's state, and can tell its owner why.
     */
    async find(token: string): Promise<OpenSession | undefined> {
      if (!isToken(token)) return undefined;
      const session = cache.peek(token) ?? (await cache.load(token, () => read(sha256Hex(token)), ownerOf));
      if (!session || !holds(session)) return undefined;
      if (isToBeTouched(session)) await touch(cache, token, session);
      return session;
    },

    /** The session with an id, if it holds. Being asked for keeps it from going idle. */
    async findById(id: number): Promise<OpenSession | undefined> {
      const key = String(id);
      const session = cacheById.peek(key) ?? (await cacheById.load(key, () => readById(key), ownerOf));
      if (!session || session.endedAt !== null || hasEnded(session, limits, clock())) return undefined;
      if (isToBeTouched(session)) await touch(cacheById, key, session);
      return session;
    },

    /** To be called when sessions of an account end in a transaction. */
    forgetAllOf(accountId: number, tx: Tx): void {
      forgetOwner(accountId);
      // Meanwhile others may have read what was true before.
      tx.afterCommit(() => forgetOwner(accountId));
    },
  };
}

const ownerOf = ({ account }: HeldSession): number => account.id;
