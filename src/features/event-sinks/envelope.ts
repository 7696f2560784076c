import type { JsonObject } from "@bufbuild/protobuf";
import { GeneralSign } from "jose";
import { type Clock, secondsOf } from "../../platform/clock.js";
import type { EventAlgorithm } from "../../platform/events-config.js";
import type { SigningKey } from "../../platform/signing-key.js";

/** Listeners of Barong 2 know its key by this name, and its tokens by this issuer. */
const SIGNER = "barong";
const LIFE_SECONDS = 60;

export interface EnvelopeNeeds {
  /** The key that signs now. */
  key(): SigningKey;
  /** That of the key unless given. */
  readonly algorithm: EventAlgorithm | undefined;
  readonly clock: Clock;
}

/** An event as it is to be told. */
export interface Enclosed {
  readonly id: string;
  readonly name: string;
  readonly event: JsonObject;
}

/**
 * Writes the envelope in which Barong 2 tells events: a JWT in the general serialisation of RFC 7515 with one signature, good for a
 * minute from now.
 */
export const createEnvelopes =
  ({ key, algorithm, clock }: EnvelopeNeeds) =>
  async ({ id, name, event }: Enclosed): Promise<string> => {
    const issuedAt = secondsOf(clock());
    const claims = {
      iss: SIGNER,
      jti: id,
      iat: issuedAt,
      exp: issuedAt + LIFE_SECONDS,
      event: { ...event, name },
    };
    const { privateKey, algorithm: own } = key();
    const signed = await new GeneralSign(new TextEncoder().encode(JSON.stringify(claims)))
      .addSignature(privateKey)
      .setProtectedHeader({ alg: algorithm ?? own })
      .setUnprotectedHeader({ kid: SIGNER })
      .sign();
    return JSON.stringify(signed);
  };

export type Envelopes = ReturnType<typeof createEnvelopes>;
