import { expect, test } from "vitest";
import { stampedJti, stampIn, type TokenSource } from "../../../src/features/authz/token-stamp.js";

const IAT = 1_764_000_000;
const SESSION: TokenSource = { kind: "session", id: 4711 };
const KEY: TokenSource = { kind: "api key", id: 7 };

const momentIn = (jti: string) => stampIn(jti, IAT)?.asOf;
const sourceIn = (jti: string) => stampIn(jti, IAT)?.source;

test("a moment about the time of the token is told to the millisecond", () => {
  for (const source of [SESSION, KEY])
    for (const distance of [-1500, -1000, -1, 0, 1, 999, 1000, 1999]) {
      const asOf = IAT * 1000 + distance;
      expect(momentIn(stampedJti(IAT, asOf, source))).toBe(asOf);
    }
});

test("one that is too far away becomes the nearest that can be told", () => {
  expect(momentIn(stampedJti(IAT, 0, SESSION))).toBe(IAT * 1000 + 1999 - 4095);
  expect(momentIn(stampedJti(IAT, Number.MAX_SAFE_INTEGER, KEY))).toBe(IAT * 1000 + 1999);
});

test("the claim keeps its form, and is another one each time", () => {
  for (const source of [SESSION, KEY]) {
    const made = Array.from({ length: 50 }, () => stampedJti(IAT, IAT * 1000, source));

    for (const jti of made) expect(jti).toMatch(/^[0-9a-f]{20}$/);
    expect(new Set(made).size).toBe(50);
  }
});

test("the session or API key that a token was issued for is told, of every id that has room", () => {
  for (const kind of ["session", "api key"] as const)
    for (const id of [1, 7, 4711, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 - 1])
      for (let count = 0; count < 50; count++)
        expect(sourceIn(stampedJti(IAT, IAT * 1000 + count, { kind, id }))).toEqual({ kind, id });
});

test("an id without room names no session and no API key, and still tells the kind", () => {
  for (const kind of ["session", "api key"] as const)
    for (const id of [2 ** 40, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER])
      expect(sourceIn(stampedJti(IAT, IAT * 1000, { kind, id }))).toEqual({ kind, id: 0 });
});

test("a claim of another form says nothing", () => {
  for (const jti of ["x", "", "00000000-0000-0000-0000-000000000000", "A".repeat(20), "0".repeat(21)])
    expect(stampIn(jti, IAT)).toBeUndefined();
});
