import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, type JWK } from "jose";

export type SigningAlgorithm = "RS256" | "ES256" | "EdDSA";

/** A key that signs tokens. KeyObjects, because a PEM string would be parsed at every use. */
export interface SigningKey {
  readonly algorithm: SigningAlgorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** The public key as RFC 7517 writes it, with `kid`, `alg` and `use`. */
  readonly jwk: JWK & { readonly kid: string };
}

/** Reads a private key in PEM form; throws an Error that says what does not fit the algorithm. */
export async function readSigningKey(pem: string, algorithm: SigningAlgorithm): Promise<SigningKey> {
  const privateKey = createPrivateKey(pem);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = privateKey;
  const fits = {
    RS256: type === "rsa" && (details?.modulusLength ?? 0) >= 2048,
    ES256: type === "ec" && details?.namedCurve === "prime256v1",
    EdDSA: type === "ed25519",
  };
  if (!fits[algorithm]) throw new Error(`a key of type ${type} and this size or curve does not fit`);
  const publicKey = createPublicKey(privateKey);
  const bare = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(bare);
  return { algorithm, privateKey, publicKey, jwk: { ...bare, kid, alg: algorithm, use: "sig" } };
}

/** A fresh private key for an algorithm, in PEM form. */
export function generateSigningKey(algorithm: SigningAlgorithm): string {
  const { privateKey } =
    algorithm === "RS256"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : algorithm === "ES256"
        ? generateKeyPairSync("ec", { namedCurve: "prime256v1" })
        : generateKeyPairSync("ed25519");
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}
