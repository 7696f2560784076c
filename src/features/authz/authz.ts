import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { withinBudget } from "../../platform/budget.js";
import type { Call, Caller } from "../../platform/call.js";
import { Failure } from "../../platform/failure.js";
import type { Holder } from "../accounts/accounts.js";
import type { Bearer } from "./bearer.js";
import type { OwnPath } from "./own-paths.js";
import { listingOf, type PathRules } from "./path-rules.js";
import type { PlainPath } from "./plain-path.js";
import type { Question } from "./question.js";
import type { TokenBearers } from "./token-bearers.js";
import type { Proved, Shown, Soon, Verdicts } from "./verdicts.js";

export interface AuthzNeeds {
  readonly verdicts: Verdicts;
  readonly bearer: Pick<Bearer, "mint" | "publicKeys">;
  readonly bearers: TokenBearers;
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

/** A method's call. */
export interface DirectCall {
  readonly call: Pick<Call, "requestHeader" | "asked" | "origin">;
  readonly readOnly: boolean;
  /** What the gateway would know it by. Asked for once it is known who calls. */
  ownPath(): Soon<OwnPath>;
}

/** Who calls, and what his signature asks for. */
export interface DirectCaller extends Pick<Proved, "signedBody" | "useUp"> {
  readonly caller: Caller;
}

const OPEN: Pass = {};

/** Decides who is calling, and whether they may. */
export function createAuthz({ verdicts, bearer, bearers, rules, timeoutMs }: AuthzNeeds) {
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
      if (!known) return inTime(() => bySession(shown, question, listing.path));
      const permitted = permit(known, question, listing.path);
      return permitted === undefined ? passFor(known) : inTime(() => permitted.then(() => passFor(known)));
    },

    /**
     * Who is calling a method that needs an account: by bearer token, else by API key, else by session cookie. Throws Failures as `judge`
     * does, but for a signed request that was seen before.
     */
    async identify({ call, readOnly, ownPath }: DirectCall): Promise<DirectCaller> {
      const shown = shownBy(call, readOnly);
      const authorization = shown.header.get("authorization");
      const isBearer = authorization !== null;
      const who = isBearer ? await bearers.byToken(authorization, shown) : await whoShows(shown);
      const wish = { ...(await ownPath()), origin: call.origin };
      const useUp = who.useUp && (await verdicts.permitOnce(who, wish, who.useUp));
      if (!useUp) await verdicts.permit(who, wish);
      const { kind, account, sessionId, keyId, signedBody } = who;
      return {
        caller: {
          ...callerOf(account),
          kind: isBearer ? "bearer" : kind,
          ...(sessionId !== undefined && { sessionId }),
          ...(keyId !== undefined && { apiKeyId: keyId }),
        },
        ...(signedBody !== undefined && { signedBody }),
        ...(useUp && { useUp }),
      };
    },

    /**
     * The account of somebody whose call goes on: throws Failures, as `identify` does, when he could not begin it any more. Neither the
     * signature of a key is looked at again, which is good for a moment only, nor the permissions, which would write down what nobody asked.
     */
    async standing(
      { call, readOnly }: Omit<DirectCall, "ownPath">,
      { apiKeyId }: Pick<Caller, "apiKeyId">,
    ): Promise<Holder> {
      const shown = shownBy(call, readOnly);
      const authorization = shown.header.get("authorization");
      if (authorization !== null) return (await bearers.byToken(authorization, shown)).account;
      if (apiKeyId !== undefined) return bearers.ownerOf(apiKeyId, shown.ip);
      return (await whoShows(shown)).account;
    },

    publicKeys: bearer.publicKeys,
  };

  function inTime<T>(work: () => Promise<T>): Promise<T> {
    return withinBudget(timeoutMs, work);
  }

  async function whoShows(shown: Shown): Promise<Proved> {
    if (verdicts.hasKey(shown)) return verdicts.byKey(shown);
    if (!verdicts.hasCookie(shown)) throw new Failure(ErrorReason.BEARER_INVALID);
    return verdicts.byKnownSession(shown) ?? (await verdicts.bySession(shown));
  }

  async function byKey(shown: Shown, question: Question, path: PlainPath): Promise<Pass> {
    const who = await verdicts.byKey(shown);
    await permit(who, question, path);
    if (who.signedBody !== undefined) {
      const body = await question.body();
      if (body !== undefined && body !== who.signedBody) throw new Failure(ErrorReason.SIGNED_BODY_DIFFERS);
    }
    return passFor(who);
  }

  async function bySession(shown: Shown, question: Question, path: PlainPath): Promise<Pass> {
    const who = await verdicts.bySession(shown);
    await permit(who, question, path);
    return passFor(who);
  }

  function permit(who: Proved, { verb, origin }: Question, path: PlainPath): Soon<void> {
    const wish = { verb, path, origin };
    if (who.useUp) return verdicts.permitOnce(who, wish, who.useUp).then((pass) => pass());
    return verdicts.permit(who, wish);
  }

  function passFor({ source, account, asOf }: Proved): Soon<Pass> {
    const token = bearer.mint(source, account, asOf);
    return typeof token === "string"
      ? passWith(token, account)
      : token.then((late) => passWith(late, account));
  }
}

export type Authz = ReturnType<typeof createAuthz>;

/** Verbs that change nothing by their definition (RFC 9110); anything else that comes with a cookie must come from our own pages. */
const HARMLESS = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/**
 * Of a socket that a foreign page opens with the cookie, that page could read what it is told. Gateways keep `Upgrade` to themselves; but
 * of all the reads only sockets, and requests to other origins, have an `Origin`, and browsers which say what they fetch tell the two apart.
 */
function mayOpenSocket(header: Pick<Headers, "get">): boolean {
  const mode = header.get("sec-fetch-mode");
  if (mode === "websocket" || header.get("upgrade") !== null) return true;
  return mode === null && header.get("origin") !== null;
}

const shownBy = (
  { requestHeader: header, asked: { verb, target }, origin: { ip } }: DirectCall["call"],
  isHarmless: boolean,
): Shown => ({ header, verb, target, ip, isHarmless });

const shownIn = ({ header, verb, target, origin }: Question): Shown => ({
  header,
  verb,
  target,
  ip: origin.ip,
  isHarmless: HARMLESS.has(verb) && !mayOpenSocket(header),
});

function pathOf(target: string): string {
  const mark = target.indexOf("?");
  return mark === -1 ? target : target.slice(0, mark);
}

const passWith = (token: string, account: Holder): Pass => ({ authorization: `Bearer ${token}`, account });

const callerOf = ({ id, uid, email, role, level, otp, credentialsChangedAt }: Holder) => ({
  accountId: id,
  uid,
  email,
  role,
  level,
  otp,
  credentialsChangedAt,
});
