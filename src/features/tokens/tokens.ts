import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Tx } from "../../database/database.js";
import { type Clock, secondsAfter } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import { opaqueToken } from "../../platform/random.js";
import { sha256Hex } from "../../platform/secrets.js";
import type { Account } from "../accounts/accounts.js";
import type { OneTimeToken, Purpose, TokenStore } from "./store.js";

const LIFETIME_SECONDS: Record<Purpose, number> = {
  confirmation: 24 * 3600,
  password_reset: 3600,
  captcha_pass: 300,
};

export interface TokensNeeds {
  readonly store: TokenStore;
  readonly clock: Clock;
}

type Id = Pick<Account, "id">;

export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: Date;
}

/**
 * Unused tokens of one account and purpose that are good at the same time. More than the limits of mails allow within an hour: a request by
 * a stranger does not void the link that the owner has just received.
 */
const MAX_OUTSTANDING = 20;

/** Tokens stored as a hash and good for one use. Several of an account may be good at once; all are void once its credentials change. */
export function createTokens({ store, clock }: TokensNeeds) {
  async function insert(token: string, { id }: Id, purpose: Purpose, tx: Tx): Promise<IssuedToken> {
    const now = clock();
    const expiresAt = secondsAfter(now, LIFETIME_SECONDS[purpose]);
    const row = { userId: id, purpose, tokenHash: sha256Hex(token) };
    await store.insert({ ...row, createdAt: now, expiresAt, usedAt: null }, tx);
    return { token, expiresAt };
  }

  return {
    /** A fresh opaque token. Those before stay good, up to a number. The account must be locked by `tx`. */
    async issue(account: Id, purpose: Purpose, tx: Tx): Promise<IssuedToken> {
      await store.deleteUnusedBeyond(account.id, purpose, MAX_OUTSTANDING - 1, tx);
      return insert(opaqueToken(), account, purpose, tx);
    },

    /**
     * Makes a text that somebody holds a token; one that was taken before is good for one more use, but for no longer. The account must
     * be locked by `tx`.
     */
    async admit(token: string, account: Id, purpose: Purpose, tx: Tx): Promise<void> {
      if (await store.restore(account.id, sha256Hex(token), purpose, clock(), tx)) return;
      await store.deleteAll(account.id, purpose, tx);
      await insert(token, account, purpose, tx);
    },

    /** Whether the token is good; it is so no more, also for a call at the same moment. */
    take: (token: string, purpose: Purpose): Promise<boolean> =>
      store.take(sha256Hex(token), purpose, clock()),

    /** The token's row, used or not; throws Failure(EMAIL_TOKEN_INVALID) when it is unknown, replaced or expired. */
    async find(token: string, purpose: Purpose, tx?: Tx): Promise<OneTimeToken> {
      const row = await store.find(sha256Hex(token), purpose, tx);
      if (!row || row.expiresAt <= clock()) throw new Failure(ErrorReason.EMAIL_TOKEN_INVALID);
      return row;
    },

    /** Uses a token up; throws Failure(EMAIL_TOKEN_USED) when it was used, also by a call at the same moment. */
    async use(row: OneTimeToken, tx: Tx): Promise<void> {
      if (!(await store.markUsed(row.id, clock(), tx))) throw new Failure(ErrorReason.EMAIL_TOKEN_USED);
    },

    /** Voids every unused token of an account, as if it had been used. Call when its credentials change, in the same transaction. */
    voidAllOf: ({ id }: Id, tx: Tx): Promise<void> => store.markAllUsed(id, clock(), tx),

    prune: (most: number): Promise<number> => store.deleteExpired(clock(), most),
  };
}

export type Tokens = ReturnType<typeof createTokens>;
