import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Clock } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import type { Holder } from "../accounts/accounts.js";
import { faultFrom, generalFault } from "./faults.js";
import { type Given, givenIn, type KeyRequest } from "./key-request.js";
import type { KnownKey, KnownKeys } from "./known-keys.js";
import type { NonceStore } from "./nonce-store.js";
import { nonceFault, nonceOverAt } from "./nonces.js";
import { isKid } from "./rules.js";
import { isSignature, type Scheme } from "./signature.js";
import { createUnknownKids } from "./unknown-kids.js";
import type { UseStore } from "./use-store.js";
import { createUsedNonces } from "./used-nonces.js";
import { createUses } from "./uses.js";
import { createWrongSignatures } from "./wrong-signatures.js";

export type { KeyRequest } from "./key-request.js";

/** A key that may be used, and the active account it belongs to. */
export interface UsableKey {
  readonly keyId: number;
  readonly kid: string;
  readonly scope: readonly string[];
  readonly account: Holder;
  /** When both were read. */
  readonly asOf: Date;
}

/** A key that was proved to have made a request. */
export interface ProvedKey extends UsableKey {
  /** The SHA-256 as hex that the body must have, where the signature covers it. */
  readonly signedBody?: string;
  /**
   * Uses the nonce up, where it is good for one request; throws Failure(NONCE_REUSED) for all but the first. To be called when nothing
   * else speaks against the request.
   */
  useUp(): Promise<void>;
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
  /** Whether who sends wrong signatures, or names of no key, is held up after some. */
  readonly limitGuesses: boolean;
}

/** Proves that a request was made with an API key which may be used. */
export function createKeyProof(needs: KeyProofNeeds) {
  const { knownKeys, clock, schemes, nonceWindowMs } = needs;
  const usedNonces = createUsedNonces(needs.nonceStore);
  const uses = createUses(needs);
  const wrongSignatures = createWrongSignatures({ enabled: needs.limitGuesses });
  const unknownKids = createUnknownKids({ enabled: needs.limitGuesses });

  /** The key whose signature the request has, whatever state it is in. */
  async function signerOf(given: Given, { verb, target, ip }: KeyRequest, now: Date): Promise<KnownKey> {
    const { kid, signature, scheme } = given;
    if (!isKid(kid)) throw new Failure(ErrorReason.API_KEY_UNKNOWN);
    wrongSignatures.refuseGuesser(kid, ip, now);
    const key = knownKeys.peek(kid) ?? (await unknownKids.find(kid, ip, now, () => knownKeys.find(kid)));
    if (key === undefined) {
      wrongSignatures.count(kid, ip, now);
      throw new Failure(ErrorReason.API_KEY_UNKNOWN);
    }
    // Whoever signs in a way that is switched off learns nothing of the secret, so he is not guessing at it.
    if (!schemes.includes(scheme)) throw new Failure(ErrorReason.SIGNATURE_INVALID);
    if (!isSignature(signature, scheme, key.secret, { ...given, verb, target })) {
      wrongSignatures.count(kid, ip, now);
      throw new Failure(ErrorReason.SIGNATURE_INVALID);
    }
    return key;
  }

  return {
    /** Throws a Failure for everything that is in the way, but for a nonce that was used before. */
    async prove(request: KeyRequest): Promise<ProvedKey> {
      const now = clock();
      const given = givenIn(request);
      const { scheme, nonce, bodyHash } = given;
      refuseFor(nonceFault(scheme, nonce, now, nonceWindowMs));
      const key = await signerOf(given, request, now);
      refuseFor(faultFrom(request.ip, key, now));
      return {
        ...usable(key),
        ...(scheme === "request" && { signedBody: bodyHash }),
        async useUp() {
          const isForOneUse = scheme === "request";
          if (isForOneUse && !(await usedNonces.use(key.kid, nonce, nonceOverAt(nonce, nonceWindowMs))))
            throw new Failure(ErrorReason.NONCE_REUSED);
          uses.note(key, now);
        },
      };
    },

    /** The key of a number, for which a token was made; undefined when there is none. Throws a Failure for what is in the way of its use. */
    async ofToken(keyId: number, ip: string): Promise<UsableKey | undefined> {
      const key = await knownKeys.findById(keyId);
      if (key === undefined) return undefined;
      refuseFor(faultFrom(ip, key, clock()));
      return usable(key);
    },

    /** A key without a proof, and why it would be refused from everywhere. */
    async known(
      kid: string,
    ): Promise<(Omit<UsableKey, "keyId" | "asOf"> & { refusal?: ErrorReason }) | undefined> {
      const key = await knownKeys.find(kid);
      if (key === undefined) return undefined;
      const refusal = generalFault(key, clock());
      return { kid, scope: key.scope, account: key.account, ...(refusal !== undefined && { refusal }) };
    },

    /** Deletes what is over of the nonces; answers how many they were. */
    prune: (most: number): Promise<number> => usedNonces.prune(clock(), most),

    /** Resolves when everything is written that no request waits for. */
    settled: uses.settled,
  };
}

export type KeyProof = ReturnType<typeof createKeyProof>;

function refuseFor(fault: ErrorReason | undefined): void {
  if (fault !== undefined) throw new Failure(fault);
}

const usable = ({ id, kid, scope, account, asOf }: KnownKey): UsableKey => ({
  keyId: id,
  kid,
  scope,
  account,
  asOf,
});
