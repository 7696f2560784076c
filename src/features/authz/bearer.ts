import { jwtVerify, SignJWT } from "jose";
import { LRUCache } from "lru-cache";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { type Clock, secondsOf } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import { randomHex } from "../../platform/random.js";
import type { SigningKey } from "../../platform/signing-keys.js";
import type { Account } from "../accounts/accounts.js";

const SUBJECT = "session";

export interface BearerNeeds {
  readonly key: SigningKey;
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly lifetimeSeconds: number;
  readonly leewaySeconds: number;
  readonly clock: Clock;
}

/** What a good token says. */
export interface Verified {
  readonly uid: string;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

interface Minted {
  readonly token: string;
  readonly reuseUntil: number;
}

/** The signed tokens that services behind the gateway trust. Their claims are a contract with those services. */
export function createBearer({ key, issuer, audience, lifetimeSeconds, leewaySeconds, clock }: BearerNeeds) {
  // A signature costs more than the rest of an answer; sessions that are busy share one token.
  const minted = new LRUCache<string, Minted>({ max: 20_000 });
  const verified = new LRUCache<string, Verified>({ max: 20_000 });

  async function sign(account: Account): Promise<Minted> {
    const now = secondsOf(clock());
    const { uid, email, role, level, state, referralId } = account;
    const token = await new SignJWT({ uid, email, role, level, state, referral_id: referralId })
      .setProtectedHeader({ alg: key.algorithm, kid: key.jwk.kid })
      .setIssuedAt(now)
      .setExpirationTime(now + lifetimeSeconds)
      .setSubject(SUBJECT)
      .setIssuer(issuer)
      .setAudience([...audience])
      .setJti(randomHex(10))
      .sign(key.privateKey);
    return { token, reuseUntil: now + lifetimeSeconds / 2 };
  }

  return {
    /** A token that says what the account is now; reused for its session until half of its life is gone. */
    async mint(sessionId: number, account: Account): Promise<string> {
      const { uid, email, role, level, state } = account;
      const name = JSON.stringify([sessionId, uid, email, role, level, state]);
      const present = minted.get(name);
      if (present && secondsOf(clock()) < present.reuseUntil) return present.token;
      const fresh = await sign(account);
      minted.set(name, fresh);
      return fresh.token;
    },

    /** Throws Failure(BEARER_INVALID) for anything but a good token of ours. */
    async verify(token: string): Promise<Verified> {
      const now = secondsOf(clock());
      const known = verified.get(token);
      if (known && now < known.expiresAt + leewaySeconds) return known;
      const fresh = await verifySignature(token, now);
      verified.set(token, fresh);
      return fresh;
    },

    publicKeys: () => [key.jwk],
  };

  async function verifySignature(token: string, now: number): Promise<Verified> {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, key.publicKey, {
        algorithms: [key.algorithm],
        issuer,
        audience: [...audience],
        subject: SUBJECT,
        requiredClaims: ["exp", "iat", "jti", "uid"],
        clockTolerance: leewaySeconds,
        currentDate: clock(),
      });
      const { uid, jti, iat = 0, exp = 0 } = payload;
      const isOurs = protectedHeader.kid === undefined || protectedHeader.kid === key.jwk.kid;
      if (!isOurs || typeof uid !== "string" || !jti || iat > now + leewaySeconds) {
        throw new Failure(ErrorReason.BEARER_INVALID);
      }
      return { uid, issuedAt: iat, expiresAt: exp };
    } catch (fault) {
      throw fault instanceof Failure ? fault : new Failure(ErrorReason.BEARER_INVALID, { cause: fault });
    }
  }
}

export type Bearer = ReturnType<typeof createBearer>;
