/** A key for secrets at rest. */
export interface SecretKey {
  /** Letters, digits, `-` and `_`; stored beside every secret, so never give it to another key. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** Reads `id:base64,id:base64`; throws an Error whose message completes "SECRETS_KEYS ...". */
export function parseKeyRing(text: string): SecretKey[] {
  const keys = text.split(",").map((entry) => {
    const [, id, encoded] = /^\s*([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]+=*)\s*$/.exec(entry) ?? [];
    if (id === undefined || encoded === undefined) throw new Error("must be of the form id:base64,id:base64");
    const key = Buffer.from(encoded, "base64");
    if (key.length !== 32) throw new Error(`has a key "${id}" of ${key.length} bytes instead of 32`);
    if (key.every((byte) => byte === key[0])) throw new Error(`has a key "${id}" that is no secret`);
    return { id, key };
  });
  const ids = new Set(keys.map(({ id }) => id));
  if (ids.size !== keys.length) throw new Error("names a key twice");
  return keys;
}

export const printKeyRing = (keys: readonly SecretKey[]): string =>
  keys.map(({ id, key }) => `${id}:${Buffer.from(key).toString("base64")}`).join(",");
