import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Origin } from "../../platform/call.js";
import { Failure } from "../../platform/failure.js";
import type { Holder } from "../accounts/accounts.js";
import type { KeyProof, ProvedKey } from "../api-keys/proof.js";
import type { Permissions } from "../permissions/permissions.js";
import { tokenIn } from "../sessions/cookie.js";
import { cookieMayAct, type TrustedOrigins } from "../sessions/rules.js";
import type { OpenSession, Sessions } from "../sessions/sessions.js";
import type { PlainPath } from "./plain-path.js";
import type { TokenSource } from "./token-stamp.js";

/** Who proved to be who, and how. */
export interface Proved {
  readonly kind: "session" | "api key";
  readonly source: TokenSource;
  readonly account: Holder;
  /** When the account was read. */
  readonly asOf: Date;
  /** Words of the API key's scope. */
  readonly scope: readonly string[];
  readonly sessionId?: number;
  /** The API key's number. */
  readonly keyId?: number;
  /** The SHA-256 as hex that the body must have, where a signature covers it. */
  readonly signedBody?: string;
  /** Uses the request up, where its key signed it for one use; throws Failure(NONCE_REUSED). After all that may refuse it without its body. */
  useUp?(): Promise<void>;
}

/** What somebody wants, as permissions look at it. */
export interface Wish {
  readonly verb: string;
  readonly path: PlainPath;
  readonly origin: Origin;
}

/** What somebody shows to be let in. */
export interface Shown {
  readonly header: Pick<Headers, "get">;
  readonly verb: string;
  /** Path and query as the client sent them, for signatures. */
  readonly target: string;
  readonly ip: string;
  /** Whether it writes nothing, so that a page of another origin may ask for it with the cookie. */
  readonly isHarmless: boolean;
}

/** Whom permissions look at. */
type Whose = Pick<Proved, "kind" | "account" | "scope">;

/** What permissions are asked, and what they say. */
type Asking = Parameters<Permissions["judge"]>[0];
type Judgement = Awaited<ReturnType<Permissions["judge"]>>;

export interface VerdictsNeeds {
  readonly sessions: Pick<Sessions, "peek" | "find">;
  readonly keyProof: KeyProof;
  readonly permissions: Permissions;
  readonly origins: TrustedOrigins;
}

/** A value at once where everything is known already, so that the gateway's question costs no turn of the event loop. */
export type Soon<T> = T | Promise<T>;

/** The parts of every verdict, whichever door or gateway asks. They throw Failures. */
export function createVerdicts({ sessions, keyProof, permissions, origins }: VerdictsNeeds) {
  return {
    /** Whether there is any header of an API key, which then alone counts. */
    hasKey: ({ header }: Shown): boolean =>
      header.get("x-auth-apikey") !== null ||
      header.get("x-auth-nonce") !== null ||
      header.get("x-auth-signature") !== null,

    hasCookie: ({ header }: Shown): boolean => tokenIn(header) !== undefined,

    async byKey({ header, verb, target, ip }: Shown): Promise<Proved> {
      return proved(
        await keyProof.prove({
          apikey: header.get("x-auth-apikey"),
          nonce: header.get("x-auth-nonce"),
          signature: header.get("x-auth-signature"),
          bodyHash: header.get("x-auth-content-sha256"),
          verb,
          target,
          ip,
        }),
      );
    },

    /** Undefined when the database has to be asked; then `bySession` does. */
    byKnownSession(shown: Shown): Proved | undefined {
      const token = tokenOf(shown);
      const session = sessions.peek(token);
      return session && open(session);
    },

    async bySession(shown: Shown): Promise<Proved> {
      const session = await sessions.find(tokenOf(shown));
      if (!session) throw new Failure(ErrorReason.SESSION_INVALID);
      return open(session);
    },

    /** Throws Failure(INVALID_PERMISSION) unless the permissions allow it, and writes down what they want to have written down. */
    permit(who: Whose, wish: Wish): Soon<void> {
      const [judging, asSent] = judge(who, wish);
      return judging instanceof Promise
        ? judging.then((judgement) => conclude(judgement, asSent, wish.origin))
        : conclude(judging, asSent, wish.origin);
    },

    /**
     * As `permit`, for a request that is good for one use. Refuses at once; what it answers uses the request up and only then writes down
     * that it was allowed, so that no copy of it is.
     */
    async permitOnce(who: Whose, wish: Wish, useUp: () => Promise<void>): Promise<() => Promise<void>> {
      const [judging, asSent] = judge(who, wish);
      const judgement = await judging;
      if (!judgement.allowed) await conclude(judgement, asSent, wish.origin);
      return async () => {
        await useUp();
        await conclude(judgement, asSent, wish.origin);
      };
    },
  };

  /** What the permissions say, and what they were asked in the form in which it was sent. */
  function judge({ kind, scope, account }: Whose, { verb, path }: Wish): [Soon<Judgement>, Asking] {
    const question = { verb, path: path.resolved, kind, scope, account };
    if (path.unresolved === undefined) return [permissions.judge(question), question];
    const asSent = { ...question, path: path.unresolved };
    return [inBothForms(question, asSent), asSent];
  }

  /** One judgement of both, so that the request is written down once. */
  async function inBothForms(resolved: Asking, asSent: Asking): Promise<Judgement> {
    const one = await permissions.judge(resolved);
    const other = await permissions.judge(asSent);
    const counted = new Set([...one.counted, ...other.counted]);
    return { allowed: one.allowed && other.allowed, counted: [...counted] };
  }

  function tokenOf({ header, isHarmless }: Shown): string {
    const token = tokenIn(header);
    if (token === undefined) throw new Failure(ErrorReason.SESSION_INVALID);
    if (!isHarmless && !cookieMayAct(header, origins)) throw new Failure(ErrorReason.ORIGIN_REFUSED);
    return token;
  }

  function conclude(judgement: Judgement, question: Asking, origin: Origin): Soon<void> {
    const { allowed, counted } = judgement;
    if (counted.some(({ action }) => action === "audit")) {
      return permissions.audit(judgement, question, origin).then(() => refuseUnless(allowed));
    }
    refuseUnless(allowed);
  }
}

export type Verdicts = ReturnType<typeof createVerdicts>;

function refuseUnless(allowed: boolean): void {
  if (!allowed) throw new Failure(ErrorReason.INVALID_PERMISSION);
}

function open({ id, account, asOf }: OpenSession): Proved {
  if (account.state !== "active") throw new Failure(ErrorReason.USER_NOT_ACTIVE);
  return { kind: "session", source: { kind: "session", id }, account, asOf, scope: NO_SCOPE, sessionId: id };
}

const NO_SCOPE: readonly string[] = [];

const proved = ({ keyId, scope, account, asOf, signedBody, useUp }: ProvedKey): Proved => ({
  kind: "api key",
  source: { kind: "api key", id: keyId },
  account,
  asOf,
  scope,
  keyId,
  useUp,
  ...(signedBody !== undefined && { signedBody }),
});
