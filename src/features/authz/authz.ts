import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { withinBudget } from "../../platform/budget.js";
import type { Call, Caller, CallerKind } from "../../platform/call.js";
import { Failure } from "../../platform/failure.js";
import type { Accounts, Holder } from "../accounts/accounts.js";
import type { Bearer } from "./bearer.js";
import { listingOf, type PathRules } from "./path-rules.js";
import type { PlainPath } from "./plain-path.js";
import type { Question } from "./question.js";
import type { Proved, Shown, Soon, Verdicts } from "./verdicts.js";

export interface AuthzNeeds {
  readonly accounts: Accounts;
  readonly verdicts: Verdicts;
  readonly bearer: Bearer;
  readonly rules: { current(): PathRules };
  /** After so long a gateway is told that there is no verdict. */
  readonly timeoutMs: number;
}

/** What lets a request pass. */
export interface Pass {
  /** `Bearer` and a token; undefined for a path that is open to everybody. */
  readonly authorization?: string;
  readonly account?: Holder;
}

/** A method's call, and the path that the gateway would know it by. */
export interface DirectCall {
  readonly call: Pick<Call, "requestHeader" | "asked" | "origin">;
  readonly verb: string;
  readonly path: PlainPath;
  readonly readOnly: boolean;
}

const OPEN: Pass = {};

/** Decides who is calling, and whether they may. */
export function createAuthz({ accounts, verdicts, bearer, rules, timeoutMs }: AuthzNeeds) {
  return {
    /**
     * The gateway's question. Throws Failures: of the lists, of what the request shows, of the permissions; UNAVAILABLE when there is no
     * verdict in time.
     */
    judge(question: Question): Soon<Pass> {
      const listing = listingOf(pathOf(question.target), rules.current());
      if (listing.says === "ambiguous" || listing.says === "block")
        throw new Failure(ErrorReason.PERMISSION_DENIED);
      if (listing.says === "pass") return OPEN;
      const shown = shownIn(question);
      if (verdicts.hasKey(shown)) return inTime(() => byKey(shown, question, listing.path));
      const known = verdicts.byKnownSession(shown);
      if (known) return admit(known, question, listing.path);
      return inTime(async () => admit(await verdicts.bySession(shown), question, listing.path));
    },

    /** Who is calling a method that needs an account: by bearer token, else by API key, else by session cookie. */
    async identify({ call, verb, path, readOnly }: DirectCall): Promise<Caller> {
      const { requestHeader: header, asked, origin } = call;
      const authorization = header.get("authorization");
      const shown = { header, verb: asked.verb, target: asked.target, ip: origin.ip, isHarmless: readOnly };
      const wish = { verb, path, origin };
      if (authorization !== null) {
        const { account, kind } = await accountOfBearer(authorization);
        // The words of a key's scope are not in its token: what is open to some of them only is not open to it.
        await verdicts.permit({ kind, account, scope: [] }, wish);
        return callerOf(account, "bearer");
      }
      const isKey = verdicts.hasKey(shown);
      if (!isKey && !verdicts.hasCookie(shown)) throw new Failure(ErrorReason.BEARER_INVALID);
      const who = isKey
        ? await verdicts.byKey(shown)
        : (verdicts.byKnownSession(shown) ?? (await verdicts.bySession(shown)));
      await verdicts.permit(who, wish);
      const { kind, account, sessionId, signedBody } = who;
      return {
        ...callerOf(account, kind),
        ...(sessionId !== undefined && { sessionId }),
        ...(signedBody !== undefined && { signedBody }),
      };
    },

    publicKeys: bearer.publicKeys,
  };

  function inTime<T>(work: () => Promise<T>): Promise<T> {
    return withinBudget(timeoutMs, work);
  }

  async function byKey(shown: Shown, question: Question, path: PlainPath): Promise<Pass> {
    const who = await verdicts.byKey(shown);
    if (who.signedBody !== undefined) {
      const body = await question.body();
      if (body !== undefined && body !== who.signedBody) throw new Failure(ErrorReason.SIGNED_BODY_DIFFERS);
    }
    return admit(who, question, path);
  }

  function admit(who: Proved, question: Question, path: PlainPath): Soon<Pass> {
    const { verb, origin } = question;
    const permitted = verdicts.permit(who, { verb, path, origin });
    return permitted === undefined ? passFor(who) : inTime(async () => permitted.then(() => passFor(who)));
  }

  function passFor({ name, account, asOf, kind }: Proved): Soon<Pass> {
    const token = bearer.mint(name, account, asOf, kind);
    return typeof token === "string"
      ? passWith(token, account)
      : token.then((late) => passWith(late, account));
  }

  async function accountOfBearer(
    authorization: string,
  ): Promise<{ account: Holder; kind: "session" | "api key" }> {
    const [, token] = /^Bearer +([^\s]+)$/.exec(authorization) ?? [];
    if (token === undefined) throw new Failure(ErrorReason.BEARER_INVALID);
    const { uid, asOf, kind } = await bearer.verify(token);
    const account = await accounts.byUid(uid);
    if (!account) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
    // Whatever the token says: it may be older than a ban.
    if (account.state !== "active") throw new Failure(ErrorReason.USER_NOT_ACTIVE);
    if (wasReplaced(asOf, account)) throw new Failure(ErrorReason.BEARER_INVALID);
    return { account, kind };
  }
}

export type Authz = ReturnType<typeof createAuthz>;

/** Verbs that change nothing by their definition (RFC 9110); anything else that comes with a cookie must come from our own pages. */
const HARMLESS = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** Of a socket that a foreign page opens with the cookie, that page could read what it is told. */
const opensSocket = (header: Pick<Headers, "get">): boolean =>
  header.get("sec-fetch-mode") === "websocket" || header.get("upgrade") !== null;

const shownIn = ({ header, verb, target, origin }: Question): Shown => ({
  header,
  verb,
  target,
  ip: origin.ip,
  isHarmless: HARMLESS.has(verb) && !opensSocket(header),
});

function pathOf(target: string): string {
  const mark = target.indexOf("?");
  return mark === -1 ? target : target.slice(0, mark);
}

const passWith = (token: string, account: Holder): Pass => ({ authorization: `Bearer ${token}`, account });

/** Tokens from before a change of credentials go with the sessions. */
const wasReplaced = (asOf: number, { credentialsChangedAt }: Holder): boolean =>
  credentialsChangedAt !== null && asOf < credentialsChangedAt.getTime();

const callerOf = ({ id, uid, email, role, level, otp }: Holder, kind: CallerKind): Caller => ({
  kind,
  accountId: id,
  uid,
  email,
  role,
  level,
  otp,
});
