import { expect, test } from "vitest";
import {
  createVault,
  equalConstantTime,
  hmacSha256Hex,
  SecretUnreadable,
  sha256Hex,
} from "../../src/platform/secrets.js";

const aKey = (id: string) => ({ id, key: new Uint8Array(32).fill(id.length) });
const vault = createVault([aKey("k1")]);

test("a sealed secret opens in its own context", () => {
  const sealed = vault.seal("JBSWY3DPEHPK3PXP", "otp_seed:42");

  expect(sealed).toMatch(/^v1\.k1\.[A-Za-z0-9_-]+$/);
  expect(vault.open(sealed, "otp_seed:42").toString()).toBe("JBSWY3DPEHPK3PXP");
});

test("bytes and empty secrets survive sealing", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);

  expect([...vault.open(vault.seal(bytes, "c"), "c")]).toEqual([...bytes]);
  expect(vault.open(vault.seal("", "c"), "c")).toHaveLength(0);
});

test("the same secret never looks the same twice", () => {
  const sealed = Array.from({ length: 50 }, () => vault.seal("same", "c"));

  expect(new Set(sealed).size).toBe(50);
});

test("a secret does not open in another context", () => {
  const sealed = vault.seal("seed", "otp_seed:42");

  expect(() => vault.open(sealed, "otp_seed:43")).toThrow(SecretUnreadable);
});

test("a secret altered anywhere does not open", () => {
  const sealed = vault.seal("seed", "c");

  for (let index = 0; index < sealed.length; index += 1) {
    const other = sealed[index] === "A" ? "B" : "A";
    const altered = sealed.slice(0, index) + other + sealed.slice(index + 1);
    expect(() => vault.open(altered, "c")).toThrow(SecretUnreadable);
  }
});

test.each([
  "",
  "v1",
  "v1.k1.",
  "v1.k1.AAAA",
  "v2.k1.AAAA",
  "v1..AAAA",
  "seed",
  "v1.k1.AAAA=",
  "v1.k1.AAAA\n",
])("%j is unreadable, not a crash", (text) => {
  expect(() => vault.open(text, "c")).toThrow(SecretUnreadable);
});

test("a shortened secret does not open", () => {
  const sealed = vault.seal("a longer secret", "c");

  for (let length = 0; length < sealed.length; length += 1) {
    expect(() => vault.open(sealed.slice(0, length), "c")).toThrow(SecretUnreadable);
  }
});

test("after a rotation the new key seals, and the old one still opens until it is dropped", () => {
  const old = vault.seal("seed", "c");
  const rotated = createVault([aKey("key-2"), aKey("k1")]);

  const fresh = rotated.seal("seed", "c");

  expect(fresh).toMatch(/^v1\.key-2\./);
  expect(rotated.open(old, "c").toString()).toBe("seed");
  expect([rotated.isOutdated(old), rotated.isOutdated(fresh)]).toEqual([true, false]);
  expect(() => createVault([aKey("key-2")]).open(old, "c")).toThrow(SecretUnreadable);
});

test("a fingerprint is known again by its secret in its context, and by nothing else", () => {
  const fingerprint = vault.fingerprint("012345", "phone_code:1:447418084106");

  expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
  expect(vault.isFingerprint(fingerprint, "012345", "phone_code:1:447418084106")).toBe(true);
  expect(vault.isFingerprint(fingerprint, "012346", "phone_code:1:447418084106")).toBe(false);
  expect(vault.isFingerprint(fingerprint, "012345", "phone_code:2:447418084106")).toBe(false);
  expect(vault.isFingerprint(vault.fingerprint("b", "a"), "", "ab")).toBe(false);
  expect(vault.isFingerprint("", "", "")).toBe(false);
});

test("a fingerprint needs the key, and is good as long as the key is in the ring", () => {
  const old = vault.fingerprint("012345", "c");
  const rotated = createVault([aKey("key-2"), aKey("k1")]);

  expect(rotated.isFingerprint(old, "012345", "c")).toBe(true);
  expect(rotated.fingerprint("012345", "c")).not.toBe(old);
  expect(createVault([aKey("key-2")]).isFingerprint(old, "012345", "c")).toBe(false);
});

test("a ring that could not be read back later is refused at once", () => {
  expect(() => createVault([])).toThrow();
  expect(() => createVault([aKey("k.1")])).toThrow();
  expect(() => createVault([{ id: "k1", key: new Uint8Array(16) }])).toThrow();
  expect(() => createVault([aKey("k1"), aKey("k1")])).toThrow();
});

test("no failure names the secret or the key", () => {
  const sealed = vault.seal("seed", "c");

  expect(() => vault.open(sealed, "other")).toThrow(/^the secret was altered or belongs elsewhere$/);
});

test("digests are the standard ones", () => {
  expect(sha256Hex("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231, test case 2.
  expect(hmacSha256Hex("Jefe", "what do ya want for nothing?")).toBe(
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

test.each([
  ["", "", true],
  ["abc", "abc", true],
  ["abc", "abd", false],
  ["abc", "abcd", false],
  ["", "a", false],
  ["\ud800", "\ufffd", false],
])("%j and %j compare without regard to their lengths", (a, b, equal) => {
  expect(equalConstantTime(a, b)).toBe(equal);
});
