import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Tx } from "../../database/database.js";
import { type Clock, secondsAfter } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import { opaqueToken } from "../../platform/random.js";
import { sha256Hex } from "../../platform/secrets.js";
import type { Account } from "../accounts/accounts.js";
import type { OneTimeToken, Purpose, TokenStore } from "./store.js";

const LIFETIME_SECONDS: Record<Purpose, number> = { confirmation: 24 * 3600, password_reset: 3600 };

export interface TokensNeeds {
  readonly store: TokenStore;
  readonly clock: Clock;
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: Date;
}

/** Tokens sent by e-mail: opaque, stored as a hash, good for one use; a newer one replaces the older. */
export function createTokens({ store, clock }: TokensNeeds) {
  return {
    /** A fresh token. The account must be locked by `tx`, else two issued at once would both be good. */
    async issue(account: Pick<Account, "id">, purpose: Purpose, tx: Tx): Promise<IssuedToken> {
      const token = opaqueToken();
      const now = clock();
      const expiresAt = secondsAfter(now, LIFETIME_SECONDS[purpose]);
      await store.deleteUnused(account.id, purpose, tx);
      const row = { userId: account.id, purpose, tokenHash: sha256Hex(token) };
      await store.insert({ ...row, createdAt: now, expiresAt, usedAt: null }, tx);
      return { token, expiresAt };
    },

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

    prune: (most: number): Promise<number> => store.deleteExpired(clock(), most),
  };
}

export type Tokens = ReturnType<typeof createTokens>;
