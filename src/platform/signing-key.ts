import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import type { JWK } from "jose";

export const SIGNING_ALGORITHMS = ["RS256", "ES256", "EdDSA"] as const;
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

/** A public key as RFC 7517 writes it, with `kid`, `alg` and `use`. */
export type PublicJwk = JWK & { readonly kid: string };

/** A key that signs tokens. KeyObjects, because a PEM string would be parsed at every use. */
export interface SigningKey {
  /** Thumbprint of the public key (RFC 7638), so that every process and every restart calls it the same. */
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: PublicJwk;
}

/** Reads a private key in PEM form; throws an Error whose message completes "the key ...". */
export function readSigningKey(pem: string): SigningKey {
  const privateKey = privateKeyIn(pem);
  const algorithm = algorithmOf(privateKey);
  const publicKey = createPublicKey(privateKey);
  const bare = publicKey.export({ format: "jwk" }) as JWK;
  const kid = thumbprintOf(bare);
  return { kid, algorithm, privateKey, publicKey, jwk: { ...bare, kid, alg: algorithm, use: "sig" } };
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

function privateKeyIn(pem: string): KeyObject {
  const [, label = ""] = /-----BEGIN ([^-]+)-----/.exec(pem) ?? [];
  if (label === "CERTIFICATE" || label.endsWith("PUBLIC KEY"))
    throw new Error(`is a ${label.toLowerCase()}, where a private key belongs`);
  if (label === "ENCRYPTED PRIVATE KEY" || /^Proc-Type:.*ENCRYPTED/m.test(pem))
    throw new Error("is encrypted; it must be without a passphrase");
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new Error("cannot be read as a private key in PEM form", { cause });
  }
}

function algorithmOf({
  asymmetricKeyType: type,
  asymmetricKeyDetails: details,
}: KeyObject): SigningAlgorithm {
  const { modulusLength: bits = 0, namedCurve } = details ?? {};
  if (type === "rsa" && bits < 2048) throw new Error(`is RSA with ${bits} bits, where 2048 are the least`);
  if (type === "rsa") return "RS256";
  if (type === "ec" && namedCurve === "prime256v1") return "ES256";
  if (type === "ed25519") return "EdDSA";
  const kind = type === "ec" ? `on the curve ${namedCurve}` : `of type ${type}`;
  throw new Error(`is ${kind}, where RSA, P-256 or Ed25519 is needed`);
}

function thumbprintOf({ crv, e, kty, n, x, y }: JWK): string {
  // JSON leaves out what a kind of key does not have; RFC 7638 wants the members in this order.
  return createHash("sha256").update(JSON.stringify({ crv, e, kty, n, x, y })).digest("base64url");
}
