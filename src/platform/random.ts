import { randomBytes, randomInt, randomUUID } from "node:crypto";

/** 256 bits from the system's generator, 43 URL-safe characters: for session and one-time tokens. */
export const opaqueToken = (): string => randomBytes(32).toString("base64url");

/** `bytes` random bytes as lower-case hex. */
export const randomHex = (bytes: number): string => randomBytes(bytes).toString("hex");

/** So many decimal digits, leading zeros among them; each text is as likely as any other. At most 14. */
export const randomDigits = (count: number): string => String(randomInt(10 ** count)).padStart(count, "0");

export const uuid = (): string => randomUUID();

/** A number in [0, 1) for spreading retries; never for secrets. */
export const jitter = (): number => Math.random();

/** 32 bytes for a key of AES-256. */
export const randomKey = (): Uint8Array => randomBytes(32);
