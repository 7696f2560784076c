import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Database, Tx } from "../../database/database.js";
import type { Audit } from "../../platform/call.js";
import { type Clock, secondsAfter, secondsOf } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import type { Paged, PageRange } from "../../platform/page.js";
import { opaqueToken } from "../../platform/random.js";
import { equalConstantTime, sha256Hex } from "../../platform/secrets.js";
import type { Account, Accounts, OwnSession } from "../accounts/accounts.js";
import type { Activities } from "../activities/activities.js";
import type { Mails } from "../mails/mails.js";
import type { Devices } from "./devices.js";
import { createKnownSessions } from "./known-sessions.js";
import type { SessionLimits } from "./rules.js";
import type { SignIn } from "./sign-in.js";
import type { Moment, Session, SessionName, SessionStore } from "./store.js";

export type { OpenSession } from "./known-sessions.js";
export type { Session } from "./store.js";

export interface SessionsNeeds {
  readonly database: Database;
  readonly store: SessionStore;
  readonly accounts: Accounts;
  readonly activities: Activities;
  readonly mails: Pick<Mails, "notify">;
  readonly signIn: SignIn;
  readonly devices: Pick<Devices, "remember">;
  readonly clock: Clock;
  readonly limits: SessionLimits;
  /** How long a session may be taken for good without a look into the database. */
  readonly cacheMs: number;
  /** How long a look into the database for the session of a request may take. */
  readonly readMs: number;
  /** How long a request waits at most until it is written down that its session was seen. */
  readonly touchMs: number;
}

export interface Credentials {
  readonly email: string;
  readonly password: string;
  readonly otpCode: string | undefined;
  /** The answer to the captcha, where one was demanded. */
  readonly captchaAnswer: string | undefined;
  /** What the browser keeps of accounts that have signed in there. */
  readonly device: string | undefined;
  /** The session token the client had until now; its session ends with the new one. */
  readonly replaces: string | undefined;
}

export function createSessions(needs: SessionsNeeds) {
  const { database, store, accounts, activities, mails, signIn, devices, clock, limits } = needs;
  const { peek, find, findById, forgetAllOf } = createKnownSessions(needs);

  /** Ends sessions of an account. It is locked, so that none of them goes on under a new token at the same time. */
  const ending = <T>(accountId: number, audit: Audit, end: (tx: Tx, at: Moment) => Promise<T>): Promise<T> =>
    database.transaction(async (tx) => {
      if (!(await accounts.lock(accountId, tx))) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
      const ended = await end(tx, momentOf(clock()));
      forgetAllOf(accountId, tx);
      await activities.succeeded(audit, accountId, tx);
      return ended;
    });

  /** What a session must be like at a moment to hold. */
  const momentOf = (now: Date): Moment => ({ now, unseenSince: secondsAfter(now, -limits.idleSeconds) });

  return {
    /** Opens a session for the right credentials; the token is told only here. From then on the browser keeps `device`. */
    async open(
      credentials: Credentials,
      audit: Audit,
    ): Promise<{ account: Account; token: string; device: string }> {
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
        const { replaces } = credentials;
        const replaced = replaces === undefined ? null : await store.find(sha256Hex(replaces), tx);
        if (replaced) {
          await store.delete(replaced.tokenHash, tx);
          // It may be another account's: a browser can change between two.
          forgetAllOf(replaced.userId, tx);
        }
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
        if (await store.deleteBeyond(account.id, momentOf(now), limits.perAccount, tx))
          forgetAllOf(account.id, tx);
        if (await activities.isNewDevice(account.id, audit, tx))
          await mails.notify(tx, present, "new_device", { origin: audit });
        await activities.succeeded({ ...audit, action }, account.id, tx);
      });
      return { account, token, device: devices.remember(credentials.device, account) };
    },

    peek,
    find,
    findById,

    /** Ends the session behind a token; throws Failure(RECORD_NOT_FOUND) when there is none that holds. */
    async close(token: string | undefined, audit: Audit): Promise<void> {
      const session = token === undefined ? null : await store.find(sha256Hex(token));
      if (!session) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
      const { userId, tokenHash } = session;
      await ending(userId, audit, (tx, at) => deleted({ userId, tokenHash }, tx, at));
    },

    /** The sessions of an account that hold, newest first. */
    async list(accountId: number, range: PageRange): Promise<Paged<Session>> {
      const at = momentOf(clock());
      const total = await store.count(accountId, at);
      return { rows: range.offset < total ? await store.page(accountId, at, range) : [], total };
    },

    /** Whether a session is the one behind a token. */
    isBehind: ({ tokenHash }: Session, token: string | undefined): boolean =>
      token !== undefined && equalConstantTime(tokenHash, sha256Hex(token)),

    /** Ends a session of an account; throws Failure(RECORD_NOT_FOUND) when there is none that holds. */
    end: (accountId: number, id: number, audit: Audit): Promise<Session> =>
      ending(accountId, audit, (tx, at) => deleted({ userId: accountId, id }, tx, at)),

    /** Ends every session of an account but the one with the id `kept`. */
    endOthers: (accountId: number, kept: number | undefined, audit: Audit): Promise<void> =>
      ending(accountId, audit, (tx) => store.deleteAllBut(accountId, kept, tx)),

    /** Ends every session of an account whose credentials have changed. `own`, if it holds, goes on under a new token. */
    async endAllOf({ id: userId }: Pick<Account, "id">, tx: Tx, own?: OwnSession): Promise<void> {
      const now = clock();
      const session =
        own && (await store.held({ userId, tokenHash: sha256Hex(own.token) }, momentOf(now), tx));
      await store.endAllOf(userId, now, tx);
      if (!own || !session) return;
      const token = opaqueToken();
      const { ip, userAgent, createdAt, expiresAt } = session;
      const tokenHash = sha256Hex(token);
      await store.insert(
        { userId, tokenHash, ip, userAgent, createdAt, lastSeenAt: now, expiresAt, endedAt: null },
        tx,
      );
      // Not before: a call that fails after all must not take the old token from its client.
      tx.afterCommit(() => own.renewed(token, Math.max(1, secondsOf(expiresAt) - secondsOf(now))));
    },

    prune: (most: number): Promise<number> => {
      const { now, unseenSince } = momentOf(clock());
      return store.deleteOver(now, unseenSince, most);
    },
  };

  async function deleted(named: SessionName, tx: Tx, at: Moment): Promise<Session> {
    const session = await store.held(named, at, tx);
    if (!session || !(await store.delete(session.tokenHash, tx)))
      throw new Failure(ErrorReason.RECORD_NOT_FOUND);
    return session;
  }
}

const provesStill = (proved: Account, present: Account): boolean =>
  present.state === "active" &&
  present.passwordDigest === proved.passwordDigest &&
  present.otp === proved.otp;

export type Sessions = ReturnType<typeof createSessions>;
