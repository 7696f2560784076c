import { expect, test } from "vitest";
import { kindIn, momentIn, stampedJti } from "../../../src/features/authz/token-stamp.js";

const IAT = 1_764_000_000;

test("a moment about the time of the token is told to the millisecond", () => {
  for (const distance of [-1500, -1000, -1, 0, 1, 999, 1000, 1999]) {
    const asOf = IAT * 1000 + distance;
    expect(momentIn(stampedJti(IAT, asOf, "session"), IAT)).toBe(asOf);
  }
});

test("one that is too far away becomes the nearest that can be told", () => {
  expect(momentIn(stampedJti(IAT, 0, "session"), IAT)).toBe(IAT * 1000 + 1999 - 4095);
  expect(momentIn(stampedJti(IAT, Number.MAX_SAFE_INTEGER, "api key"), IAT)).toBe(IAT * 1000 + 1999);
});

test("the claim keeps its form, and most of it is chance", () => {
  const made = Array.from({ length: 50 }, () => stampedJti(IAT, IAT * 1000, "session"));

  for (const jti of made) expect(jti).toMatch(/^[0-9a-f]{20}$/);
  expect(new Set(made).size).toBe(50);
});

test("a claim of another form says nothing beyond the time of the token", () => {
  for (const jti of ["x", "00000000-0000-0000-0000-000000000000", "A".repeat(20)])
    expect(momentIn(jti, IAT)).toBe(IAT * 1000);
});

test("what a token was made for is told, and anything else counts for the weaker", () => {
  for (let count = 0; count < 50; count++) {
    for (const kind of ["session", "api key"] as const)
      expect(kindIn(stampedJti(IAT, IAT * 1000 + count, kind))).toBe(kind);
  }
  expect(kindIn("x")).toBe("api key");
});
