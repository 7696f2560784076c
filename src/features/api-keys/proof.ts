import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Clock } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import type { Holder } from "../accounts/accounts.js";
import type { KnownKey, KnownKeys } from "./known-keys.js";
import type { NonceStore } from "./nonce-store.js";
import { nonceFault, nonceOverAt } from "./nonces.js";
import { isKid } from "./rules.js";
import { isSignature, type Scheme, schemeOf } from "./signature.js";
import type { UseStore } from "./use-store.js";
import { createUsedNonces } from "./used-nonces.js";
import { createUses } from "./uses.js";
import { createWrongSignatures } from "./wrong-signatures.js";

/** A request that says it comes from an API key. */
export interface KeyRequest {
  readonly apikey: string | null;
  readonly nonce: string | null;
  readonly signature: string | null;
  /** The header `X-Auth-Content-SHA256`. */
  readonly bodyHash: string | null;
  /** In capitals. */
  readonly verb: string;
  /** Path and query, as the client sent them. */
  readonly target: string;
  readonly ip: string;
}

/** A key that was proved to have made a request, and the active account it belongs to. */
export interface ProvedKey {
  readonly keyId: number;
  readonly kid: string;
  readonly scope: readonly string[];
  readonly account: Holder;
  /** When both were read. */
  readonly asOf: Date;
  /** The SHA-256 as hex that the body must have, where the signature covers it. */
  readonly signedBody?: string;
}

export interface KeyProofNeeds {
  readonly knownKeys: KnownKeys;
  readonly store: UseStore;
  readonly nonceStore: NonceStore;
  readonly clock: Clock;
  /** The signatures that are accepted. */
  readonly schemes: readonly Scheme[];
  /** How far a nonce may be from the present moment; 0 accepts any that is signed alone. */
  readonly nonceWindowMs: number;
  /** Whether who sends wrong signatures is held up after some. */
  readonly limitGuesses: boolean;
}

/** Proves that a request was made with an API key which may be used. */
export function createKeyProof(needs: KeyProofNeeds) {
  const { knownKeys, clock, schemes, nonceWindowMs } = needs;
  const usedNonces = createUsedNonces(needs.nonceStore);
  const uses = createUses(needs);
  const wrongSignatures = createWrongSignatures({ enabled: needs.limitGuesses });

  /** The key whose signature the request has, whatever state it is in. */
  async function signerOf(given: Given, { verb, target, ip }: KeyRequest, now: Date): Promise<KnownKey> {
    const { kid, signature, scheme } = given;
    if (!isKid(kid)) throw new Failure(ErrorReason.API_KEY_UNKNOWN);
    wrongSignatures.refuseGuesser(kid, ip, now);
    const key = knownKeys.peek(kid) ?? (await knownKeys.find(kid));
    if (key === undefined) {
      wrongSignatures.count(kid, ip, now);
      throw new Failure(ErrorReason.API_KEY_UNKNOWN);
    }
    const isRight = isSignature(signature, scheme, key.secret, { ...given, verb, target });
    if (!isRight || !schemes.includes(scheme)) {
      wrongSignatures.count(kid, ip, now);
      throw new Failure(ErrorReason.SIGNATURE_INVALID);
    }
    return key;
  }

  return {
    /** Throws a Failure for everything that is in the way; only a request against which nothing is said here uses its nonce up. */
    async prove(request: KeyRequest): Promise<ProvedKey> {
      const now = clock();
      const given = givenIn(request);
      const { scheme, nonce, bodyHash } = given;
      refuseFor(nonceFault(scheme, nonce, now, nonceWindowMs));
      const key = await signerOf(given, request, now);
      refuseFor(keyFault(key, now) ?? addressFault(key, request.ip) ?? ownerFault(key));
      const { id, kid, scope, account, asOf } = key;
      if (scheme === "request" && !(await usedNonces.use(kid, nonce, nonceOverAt(nonce, nonceWindowMs))))
        throw new Failure(ErrorReason.NONCE_REUSED);
      uses.note(key, now);
      return { keyId: id, kid, scope, account, asOf, ...(scheme === "request" && { signedBody: bodyHash }) };
    },

    /** A key without a proof, and why it would be refused from everywhere. */
    async known(
      kid: string,
    ): Promise<(Omit<ProvedKey, "keyId" | "asOf"> & { refusal?: ErrorReason }) | undefined> {
      const key = await knownKeys.find(kid);
      if (key === undefined) return undefined;
      const refusal = keyFault(key, clock()) ?? ownerFault(key);
      return { kid, scope: key.scope, account: key.account, ...(refusal !== undefined && { refusal }) };
    },

    /** Deletes what is over of the nonces; answers how many they were. */
    prune: (most: number): Promise<number> => usedNonces.prune(clock(), most),

    /** Resolves when everything is written that no request waits for. */
    settled: uses.settled,
  };
}

export type KeyProof = ReturnType<typeof createKeyProof>;

interface Given {
  readonly kid: string;
  readonly nonce: string;
  readonly signature: string;
  readonly scheme: Scheme;
  readonly bodyHash: string;
}

/** What the headers say; throws Failure(API_KEY_HEADERS_INVALID) when they are not complete. */
function givenIn({ apikey, nonce, signature, bodyHash }: KeyRequest): Given {
  if (!isOneValue(apikey) || !isOneValue(nonce) || !isOneValue(signature))
    throw new Failure(ErrorReason.API_KEY_HEADERS_INVALID);
  const scheme = schemeOf(signature);
  if (scheme === "nonce") return { kid: apikey, nonce, signature, scheme, bodyHash: "" };
  // Asked for without a body, too: else nobody could tell that one was added on the way.
  if (bodyHash === null || !/^[0-9a-f]{64}$/.test(bodyHash))
    throw new Failure(ErrorReason.API_KEY_HEADERS_INVALID);
  return { kid: apikey, nonce, signature, scheme, bodyHash };
}

/** Neither missing nor blank, nor a header that was sent twice and came as one list. */
const isOneValue = (header: string | null): header is string =>
  header !== null && !header.includes(",") && header.trim() !== "";

function refuseFor(fault: ErrorReason | undefined): void {
  if (fault !== undefined) throw new Failure(fault);
}

function keyFault({ state, expiresAt }: KnownKey, now: Date): ErrorReason | undefined {
  if (state !== "active") return ErrorReason.API_KEY_NOT_ACTIVE;
  return expiresAt !== null && expiresAt <= now ? ErrorReason.API_KEY_EXPIRED : undefined;
}

const addressFault = (key: KnownKey, ip: string): ErrorReason | undefined =>
  key.allows(ip) ? undefined : ErrorReason.API_KEY_IP_REFUSED;

function ownerFault({ account }: KnownKey): ErrorReason | undefined {
  if (account.state !== "active") return ErrorReason.SESSION_INVALID;
  return account.otp ? undefined : ErrorReason.API_KEY_OTP_DISABLED;
}
