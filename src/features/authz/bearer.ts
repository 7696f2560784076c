import { type JWTHeaderParameters, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { LRUCache } from "lru-cache";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { type Clock, secondsOf } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import { SIGNING_ALGORITHMS, type SigningKey } from "../../platform/signing-key.js";
import type { SigningKeys } from "../../platform/signing-keys.js";
import type { Holder } from "../accounts/accounts.js";
import { stampedJti, stampIn, type TokenSource } from "./token-stamp.js";

const SUBJECT = "session";

export interface BearerNeeds {
  readonly keys: Pick<SigningKeys, "current" | "byKid" | "published">;
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly lifetimeSeconds: number;
  readonly leewaySeconds: number;
  readonly clock: Clock;
}

/** What a good token says. */
export interface Verified {
  readonly uid: string;
  /** When the account was read that the token speaks of, in milliseconds since 1970. */
  readonly asOf: number;
  /** What the token was issued for; undefined for a foreign token, which another server has signed with our key. */
  readonly source: TokenSource | undefined;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/** A token, and all that it was made for: when something of it is different, another one is needed. */
interface Minted {
  token: string | Promise<string>;
  readonly key: SigningKey;
  readonly holder: Holder;
  readonly issuedAt: number;
  readonly reuseUntil: number;
}

/** Of a token in the making. */
interface Making {
  /** Seconds since 1970. */
  readonly now: number;
  readonly asOf: Date;
  readonly source: TokenSource;
}

interface Known extends Verified {
  /** The key that the token names; undefined for a foreign token, which is good for as long as `key` signs. */
  readonly kid: string | undefined;
  readonly key: SigningKey;
  readonly verifiedAt: number;
}

/** The signed tokens that services behind the gateway trust. Their claims are a contract with those services. */
export function createBearer({ keys, issuer, audience, lifetimeSeconds, leewaySeconds, clock }: BearerNeeds) {
  // A signature costs more than the rest of an answer; whoever is busy goes on with one token.
  const minted = new LRUCache<string, Minted>({ max: 50_000 });
  const verified = new LRUCache<string, Known>({ max: 20_000 });

  return {
    /**
     * A token that says what the account is now, reused for its source until half of its life is gone. `asOf` is when the account was
     * read.
     */
    mint(source: TokenSource, account: Holder, asOf = clock()): string | Promise<string> {
      const holderKey = `${source.kind}:${source.id}`;
      const now = secondsOf(clock());
      const key = keys.current();
      const present = minted.get(holderKey);
      if (
        present !== undefined &&
        present.key.kid === key.kid &&
        now < present.reuseUntil &&
        // Services refuse a token that was made in their future, which it is when the clock has been set back.
        now >= present.issuedAt &&
        saysTheSame(present.holder, account)
      )
        return present.token;
      return mintAnew(holderKey, account, key, { now, asOf, source });
    },

    /** Throws Failure(BEARER_INVALID) for anything but a good token of ours. */
    async verify(token: string): Promise<Verified> {
      const now = secondsOf(clock());
      const known = verified.get(token);
      // Seen from before it was verified it may be a token of the future.
      if (known && now >= known.verifiedAt && now < known.expiresAt + leewaySeconds && isKept(known))
        return known;
      verified.delete(token);
      const fresh = await verifySignature(token, now);
      verified.set(token, fresh);
      return fresh;
    },

    publicKeys: keys.published,
  };

  function mintAnew(holderKey: string, account: Holder, key: SigningKey, moment: Making): Promise<string> {
    const { now } = moment;
    const token = sign(account, key, moment);
    // Requests that come meanwhile wait for the same signature.
    const entry: Minted = {
      token,
      key,
      holder: account,
      issuedAt: now,
      reuseUntil: reuseUntil(account, now),
    };
    minted.set(holderKey, entry);
    token.then(
      (text) => {
        entry.token = text;
      },
      () => {
        if (minted.peek(holderKey) === entry) minted.delete(holderKey);
      },
    );
    return token;
  }

  /** A change that was dated by a clock ahead of ours makes the token look older than it; by then another one is needed. */
  function reuseUntil({ credentialsChangedAt }: Holder, now: number): number {
    const halfOfLife = now + lifetimeSeconds / 2;
    const changed = credentialsChangedAt === null ? now : secondsOf(credentialsChangedAt);
    return changed > now ? Math.min(changed, halfOfLife) : halfOfLife;
  }

  function sign(
    account: Holder,
    { algorithm, kid, privateKey }: SigningKey,
    { now, asOf, source }: Making,
  ): Promise<string> {
    const { uid, email, role, level, state, referralId, credentialsChangedAt } = account;
    // Who knows of a change speaks from after it, whatever his clock says.
    const spokenAt = Math.max(asOf.getTime(), credentialsChangedAt?.getTime() ?? 0);
    return new SignJWT({ uid, email, role, level, state, referral_id: referralId })
      .setProtectedHeader({ alg: algorithm, kid })
      .setIssuedAt(now)
      .setExpirationTime(now + lifetimeSeconds)
      .setSubject(SUBJECT)
      .setIssuer(issuer)
      .setAudience([...audience])
      .setJti(stampedJti(now, spokenAt, source))
      .sign(privateKey);
  }

  function isKept({ kid, key }: Known): boolean {
    return kid === undefined ? keys.current().kid === key.kid : keys.byKid(kid) !== undefined;
  }

  async function verifySignature(token: string, now: number): Promise<Known> {
    try {
      let used: { readonly key: SigningKey; readonly kid: string | undefined } | undefined;
      const keyFor = (header: JWTHeaderParameters) => {
        used = keyNamedBy(header);
        return used.key.publicKey;
      };
      const { payload } = await jwtVerify(token, keyFor, {
        algorithms: [...SIGNING_ALGORITHMS],
        issuer,
        audience: [...audience],
        subject: SUBJECT,
        requiredClaims: ["exp", "iat", "jti", "uid"],
        clockTolerance: leewaySeconds,
        currentDate: clock(),
      });
      if (used === undefined) throw new Failure(ErrorReason.BEARER_INVALID);
      return { ...claimsIn(payload, now, used.kid === undefined), ...used, verifiedAt: now };
    } catch (fault) {
      throw fault instanceof Failure ? fault : new Failure(ErrorReason.BEARER_INVALID, { cause: fault });
    }
  }

  /** Nothing in the header but `kid` leads to a key, and a key has one algorithm, whatever the header says. */
  function keyNamedBy({ alg, crit, kid }: JWTHeaderParameters) {
    const key = kid === undefined ? keys.current() : typeof kid === "string" ? keys.byKid(kid) : undefined;
    if (key === undefined || alg !== key.algorithm || crit !== undefined)
      throw new Failure(ErrorReason.BEARER_INVALID);
    return { key, kid };
  }

  function claimsIn({ uid, jti, iat = 0, exp = 0 }: JWTPayload, now: number, isForeign: boolean): Verified {
    if (!isText(uid) || !isText(jti) || iat > now + leewaySeconds)
      throw new Failure(ErrorReason.BEARER_INVALID);
    // The `jti` of Barong 2 is random: nothing in it is a moment or an id.
    if (isForeign) return { uid, asOf: iat * 1000, source: undefined, expiresAt: exp };
    const stamp = stampIn(jti, iat);
    if (stamp === undefined) throw new Failure(ErrorReason.BEARER_INVALID);
    return { uid, ...stamp, expiresAt: exp };
  }
}

export type Bearer = ReturnType<typeof createBearer>;

const isText = (claim: unknown): claim is string => typeof claim === "string" && claim.trim() !== "";

/** Whether a token made for one account would do for the other, which may be the same at another time. */
const saysTheSame = (one: Holder, other: Holder): boolean =>
  one === other ||
  (one.uid === other.uid &&
    one.email === other.email &&
    one.role === other.role &&
    one.level === other.level &&
    one.state === other.state &&
    one.referralId === other.referralId &&
    one.credentialsChangedAt?.getTime() === other.credentialsChangedAt?.getTime());
