import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Database, Tx } from "../../database/database.js";
import type { Audit } from "../../platform/call.js";
import { type Clock, secondsAfter } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import { opaqueToken } from "../../platform/random.js";
import { sha256Hex } from "../../platform/secrets.js";
import type { Account, Accounts } from "../accounts/accounts.js";
import type { Activities } from "../activities/activities.js";
import { deservesTouch, hasEnded, type SessionLimits } from "./rules.js";
import type { SignIn } from "./sign-in.js";
import type { SessionStore } from "./store.js";

export interface SessionsNeeds {
  readonly database: Database;
  readonly store: SessionStore;
  readonly accounts: Accounts;
  readonly activities: Activities;
  readonly signIn: SignIn;
  readonly clock: Clock;
  readonly limits: SessionLimits;
}

/** A session that holds, and the account it belongs to, in whatever state that is. */
export interface OpenSession {
  readonly id: number;
  readonly account: Account;
}

export interface Credentials {
  readonly email: string;
  readonly password: string;
  readonly otpCode: string | undefined;
  /** The session token the client had until now; its session ends with the new one. */
  readonly replaces: string | undefined;
}

export function createSessions(needs: SessionsNeeds) {
  const { database, store, accounts, activities, signIn, clock, limits } = needs;

  return {
    /** Opens a session for the right credentials; the token is told only here. */
    async open(credentials: Credentials, audit: Audit): Promise<{ account: Account; token: string }> {
      const { account, action } = await signIn.check(credentials, audit);
      const token = opaqueToken();
      const now = clock();
      await database.transaction(async (tx) => {
        // The proofs took a while to check: a ban, a new password or a second factor that came meanwhile must not be outrun.
        const present = await accounts.lock(account.id, tx);
        if (!present) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
        if (!provesStill(account, present)) {
          throw new Failure(ErrorReason.CREDENTIALS_INVALID, { about: { accountId: account.id, action } });
        }
        if (credentials.replaces !== undefined) await store.delete(sha256Hex(credentials.replaces), tx);
        await store.insert(
          {
            userId: account.id,
            tokenHash: sha256Hex(token),
            ip: audit.ip,
            userAgent: audit.userAgent,
            createdAt: now,
            lastSeenAt: now,
            expiresAt: secondsAfter(now, limits.lifetimeSeconds),
            endedAt: null,
          },
          tx,
        );
        await activities.succeeded({ ...audit, action }, account.id, tx);
      });
      return { account, token };
    },

    /**
     * The session behind a token, if it holds. Being asked for keeps it from going idle. One that was ended because its account
     * is no longer active is found too: whoever asks looks at the account's state, and can tell its owner why.
     */
    async find(token: string): Promise<OpenSession | undefined> {
      const session = await store.find(sha256Hex(token));
      const now = clock();
      if (!session || hasEnded(session, limits, now)) return undefined;
      const account = await accounts.byId(session.userId);
      if (!account || (session.endedAt !== null && account.state === "active")) return undefined;
      if (session.endedAt === null && deservesTouch(session, limits, now)) await store.touch(session.id, now);
      return { id: session.id, account };
    },

    /** Ends the session behind a token; throws Failure(RECORD_NOT_FOUND) when there is none that holds. */
    async close(token: string | undefined, audit: Audit): Promise<void> {
      const session = token === undefined ? null : await store.find(sha256Hex(token));
      if (!session || session.endedAt || hasEnded(session, limits, clock())) {
        throw new Failure(ErrorReason.RECORD_NOT_FOUND);
      }
      await database.transaction(async (tx) => {
        if (!(await store.delete(session.tokenHash, tx))) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
        await activities.succeeded(audit, session.userId, tx);
      });
    },

    endAllOf: (account: Pick<Account, "id">, tx: Tx): Promise<void> =>
      store.endAllOf(account.id, clock(), tx),

    prune: (most: number): Promise<number> => {
      const now = clock();
      return store.deleteOver(now, secondsAfter(now, -limits.idleSeconds), most);
    },
  };
}

const provesStill = (proved: Account, present: Account): boolean =>
  present.state === "active" &&
  present.passwordDigest === proved.passwordDigest &&
  present.otp === proved.otp;

export type Sessions = ReturnType<typeof createSessions>;
