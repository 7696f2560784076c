import { expect, test } from "vitest";
import { keyIn, momentIn, stampedJti } from "../../../src/features/authz/token-stamp.js";

const IAT = 1_764_000_000;
const KEY = 7;

test("a moment about the time of the token is told to the millisecond", () => {
  for (const distance of [-1500, -1000, -1, 0, 1, 999, 1000, 1999]) {
    const asOf = IAT * 1000 + distance;
    expect(momentIn(stampedJti(IAT, asOf), IAT)).toBe(asOf);
    expect(momentIn(stampedJti(IAT, asOf, KEY), IAT)).toBe(asOf);
  }
});

test("one that is too far away becomes the nearest that can be told", () => {
  expect(momentIn(stampedJti(IAT, 0), IAT)).toBe(IAT * 1000 + 1999 - 4095);
  expect(momentIn(stampedJti(IAT, Number.MAX_SAFE_INTEGER, KEY), IAT)).toBe(IAT * 1000 + 1999);
});

test("the claim keeps its form, and is another one each time", () => {
  for (const keyId of [undefined, KEY]) {
    const made = Array.from({ length: 50 }, () => stampedJti(IAT, IAT * 1000, keyId));

    for (const jti of made) expect(jti).toMatch(/^[0-9a-f]{20}$/);
    expect(new Set(made).size).toBe(50);
  }
});

test("a claim of another form says nothing beyond the time of the token", () => {
  for (const jti of ["x", "00000000-0000-0000-0000-000000000000", "A".repeat(20)])
    expect(momentIn(jti, IAT)).toBe(IAT * 1000);
});

test("the key that a token was made for is told, of every number that has room", () => {
  for (const keyId of [1, KEY, 4711, 2 ** 31, 2 ** 32 - 1])
    for (let count = 0; count < 50; count++)
      expect(keyIn(stampedJti(IAT, IAT * 1000 + count, keyId))).toBe(keyId);
});

test("a token for a session names no key", () => {
  for (let count = 0; count < 200; count++)
    expect(keyIn(stampedJti(IAT, IAT * 1000 + count))).toBeUndefined();
});

test("a number without room names nobody's key, and is still no session", () => {
  for (const keyId of [2 ** 32, 2 ** 32 + KEY, Number.MAX_SAFE_INTEGER])
    expect(keyIn(stampedJti(IAT, IAT * 1000, keyId))).toBe(0);
});

test("a claim of another form counts for the weaker, of which no key is found", () => {
  for (const jti of ["x", "", "00000000-0000-0000-0000-000000000000", "A".repeat(20), "0".repeat(21)])
    expect(keyIn(jti)).toBe(0);
});
