import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import type { SecretKey } from "./key-ring.js";

/** A sealed text that cannot be opened: altered, of another context, or of a key which is not in the ring. */
export class SecretUnreadable extends Error {
  override name = "SecretUnreadable";
}

const version = "v1";
const cipher = "aes-256-gcm";
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Secrets at rest under AES-256-GCM. The first key seals, every key opens: to rotate, put a new key first and keep the old one
 * until nothing is sealed by it. A context such as `otp_seed:42` ties a secret to its place: it opens nowhere else.
 */
export function createVault(keys: readonly SecretKey[]) {
  const ring = keyRing(keys);
  const [current] = ring;
  if (!current) throw new Error("a vault needs at least one key");
  const [currentId, currentKey] = current;

  return {
    /** `v1.<key id>.<base64url of nonce, ciphertext and tag>`; about 80 characters for a seed of 20 bytes. */
    seal(plain: string | Uint8Array, context: string): string {
      const nonce = randomBytes(nonceBytes);
      const sealing = createCipheriv(cipher, currentKey, nonce, { authTagLength: tagBytes });
      sealing.setAAD(Buffer.from(context));
      const bytes = typeof plain === "string" ? Buffer.from(plain) : plain;
      const sealed = Buffer.concat([nonce, sealing.update(bytes), sealing.final(), sealing.getAuthTag()]);
      return `${version}.${currentId}.${sealed.toString("base64url")}`;
    },

    /** The sealed bytes. Throws {@link SecretUnreadable}. */
    open(sealed: string, context: string): Buffer {
      const { keyId, body } = partsOf(sealed);
      const key = ring.get(keyId);
      if (!key) throw new SecretUnreadable(`no key "${keyId}" in the ring`);
      const opening = createDecipheriv(cipher, key, body.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      opening.setAAD(Buffer.from(context));
      opening.setAuthTag(body.subarray(-tagBytes));
      try {
        return Buffer.concat([opening.update(body.subarray(nonceBytes, -tagBytes)), opening.final()]);
      } catch (cause) {
        throw new SecretUnreadable("the secret was altered or belongs elsewhere", { cause });
      }
    },

    /** Whether a secret is sealed by an older key of the ring, and should be sealed anew. */
    isOutdated: (sealed: string): boolean => partsOf(sealed).keyId !== currentId,

    /** 64 hex digits by which a secret too short for a hash, such as a code of six digits, is known again in its context. */
    fingerprint: (secret: string, context: string): string => fingerprintBy(currentKey, secret, context),

    /** Whether a fingerprint is that of the secret, made with any key of the ring. */
    isFingerprint(candidate: string, secret: string, context: string): boolean {
      const matches = [...ring.values()].map((key) =>
        equalConstantTime(candidate, fingerprintBy(key, secret, context)),
      );
      return matches.includes(true);
    },
  };
}

export type Vault = ReturnType<typeof createVault>;

/** The SHA-256 of a text as lower-case hex; for secrets of full entropy, never for passwords. */
export const sha256Hex = (text: string): string => hash("sha256", text, "hex");

/** The HMAC-SHA-256 of a text as lower-case hex. */
export const hmacSha256Hex = (key: string | Uint8Array, text: string): string =>
  createHmac("sha256", key).update(text).digest("hex");

/** Whether two texts are equal, in a time that does not depend on where they differ. */
export const equalConstantTime = (a: string, b: string): boolean => timingSafeEqual(digestOf(a), digestOf(b));

// Digests have one length, which timingSafeEqual asks for.
const digestOf = (text: string): Buffer => createHash("sha256").update(text, "utf16le").digest();

function fingerprintBy(key: KeyObject, secret: string, context: string): string {
  // One key, one use: what is learnt of fingerprints tells nothing about what the same key seals.
  const own = Buffer.from(hkdfSync("sha256", key, "", "fingerprint", keyBytes));
  // As JSON, so that no pair of secret and context can pass for another.
  return hmacSha256Hex(own, JSON.stringify([context, secret]));
}

function keyRing(keys: readonly SecretKey[]): Map<string, KeyObject> {
  const ring = new Map<string, KeyObject>();
  for (const { id, key } of keys) {
    if (!/^[A-Za-z0-9_-]+$/.test(id))
      throw new Error(`the key id "${id}" may only have letters, digits, - and _`);
    if (key.length !== keyBytes) throw new Error(`the key "${id}" must have ${keyBytes} bytes`);
    if (ring.has(id)) throw new Error(`the key id "${id}" is used twice`);
    ring.set(id, createSecretKey(key));
  }
  return ring;
}

function partsOf(sealed: string): { keyId: string; body: Buffer } {
  const [, keyId, encoded] = /^v1\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/.exec(sealed) ?? [];
  if (keyId === undefined || encoded === undefined) throw new SecretUnreadable("not a sealed secret");
  const body = Buffer.from(encoded, "base64url");
  const isWhole = body.length >= nonceBytes + tagBytes && body.toString("base64url") === encoded;
  if (!isWhole) throw new SecretUnreadable("the sealed secret is incomplete");
  return { keyId, body };
}
