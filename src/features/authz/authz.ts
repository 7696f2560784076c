import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Caller, CallerKind } from "../../platform/call.js";
import { secondsOf } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import type { Account, Accounts } from "../accounts/accounts.js";
import { tokenIn } from "../sessions/cookie.js";
import { cookieMayAct, type TrustedOrigins } from "../sessions/rules.js";
import type { OpenSession, Sessions } from "../sessions/sessions.js";
import type { Bearer } from "./bearer.js";
import { type PathRules, verdictOn } from "./path-rules.js";

export interface AuthzNeeds {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly bearer: Bearer;
  readonly rules: PathRules;
  readonly origins: TrustedOrigins;
}

/** Decides who is calling, and whether they may. */
export function createAuthz({ accounts, sessions, bearer, rules, origins }: AuthzNeeds) {
  return {
    /** The gateway's question: `Bearer` and a token for the session's account, undefined for a path open to everybody. */
    async authorize(path: string, header: Headers): Promise<string | undefined> {
      const verdict = verdictOn(path, rules);
      if (verdict === "block") throw new Failure(ErrorReason.PERMISSION_DENIED);
      if (verdict === "pass") return undefined;
      const session = await sessionIn(header);
      return `Bearer ${await bearer.mint(session.id, session.account)}`;
    },

    /** Who is calling a method that needs an account: by bearer token, else by session cookie. */
    async identify(header: Headers, { readOnly }: { readonly readOnly: boolean }): Promise<Caller> {
      const authorization = header.get("authorization");
      if (authorization !== null) return callerOf(await accountOfBearer(authorization), "bearer");
      if (tokenIn(header) === undefined) throw new Failure(ErrorReason.BEARER_INVALID);
      if (!readOnly && !cookieMayAct(header, origins)) throw new Failure(ErrorReason.ORIGIN_REFUSED);
      const session = await sessionIn(header);
      return { ...callerOf(session.account, "session"), sessionId: session.id };
    },

    publicKeys: bearer.publicKeys,
  };

  async function sessionIn(header: Headers): Promise<OpenSession> {
    const token = tokenIn(header);
    const session = token === undefined ? undefined : await sessions.find(token);
    if (!session) throw new Failure(ErrorReason.SESSION_INVALID);
    refuseInactive(session.account);
    return session;
  }

  async function accountOfBearer(authorization: string): Promise<Account> {
    const [, token] = /^Bearer +([^\s]+)$/.exec(authorization) ?? [];
    if (token === undefined) throw new Failure(ErrorReason.BEARER_INVALID);
    const { uid, issuedAt } = await bearer.verify(token);
    const account = await accounts.byUid(uid);
    if (!account) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
    if (wasReplaced(issuedAt, account)) throw new Failure(ErrorReason.BEARER_INVALID);
    // Whatever the token says: it may be older than a ban.
    refuseInactive(account);
    return account;
  }
}

export type Authz = ReturnType<typeof createAuthz>;

function refuseInactive({ state }: Account): void {
  if (state !== "active") throw new Failure(ErrorReason.USER_NOT_ACTIVE);
}

/** Tokens from before a change of credentials go with the sessions. */
const wasReplaced = (issuedAt: number, { credentialsChangedAt }: Account): boolean =>
  credentialsChangedAt !== null && issuedAt < secondsOf(credentialsChangedAt);

const callerOf = ({ id, uid, email, role, level, otp }: Account, kind: CallerKind): Caller => ({
  kind,
  accountId: id,
  uid,
  email,
  role,
  level,
  otp,
});
