import { expect, test } from "vitest";
import { matchingStep, newSeed, otpauthUrl } from "../../../src/features/otp/totp.js";

// RFC 6238, appendix B: the seed "12345678901234567890"; codes cut to their last 6 digits.
const rfcSeed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const atSecond = (second: number) => new Date(second * 1000);

test.each([
  [59, "287082", 0x1],
  [1111111109, "081804", 0x23523ec],
  [1111111111, "050471", 0x23523ed],
  [1234567890, "005924", 0x273ef07],
  [2000000000, "279037", 0x3f940aa],
  [20000000000, "353130", 0x27bc86aa],
])("at second %d the code of RFC 6238 is %s", (second, code, step) => {
  expect(matchingStep(rfcSeed, code, atSecond(second))).toBe(step);
});

test("a code is good for its own step and one step either side, and tells which step it is of", () => {
  const code = "081804";
  const step = 0x23523ec;
  const begins = step * 30;

  expect(matchingStep(rfcSeed, code, atSecond(begins - 31))).toBeUndefined();
  expect(matchingStep(rfcSeed, code, atSecond(begins - 30))).toBe(step);
  expect(matchingStep(rfcSeed, code, atSecond(begins + 59))).toBe(step);
  expect(matchingStep(rfcSeed, code, atSecond(begins + 60))).toBeUndefined();
});

test("blanks in a code are ignored", () => {
  expect(matchingStep(rfcSeed, " 287 082 ", atSecond(59))).toBe(1);
});

test.each(["", "28708", "2870820", "28708a", "94287082", "-87082", "2.7082", "٢٨٧٠٨٢", "287082\u0000"])(
  "%j is no code",
  (code) => {
    expect(matchingStep(rfcSeed, code, atSecond(59))).toBeUndefined();
  },
);

test("a wrong code matches no step", () => {
  expect(matchingStep(rfcSeed, "287083", atSecond(59))).toBeUndefined();
});

test("a new seed has 20 bytes and is never the same", () => {
  const seeds = Array.from({ length: 100 }, newSeed);

  expect(seeds.every((seed) => /^[A-Z2-7]{32}$/.test(seed))).toBe(true);
  expect(new Set(seeds).size).toBe(100);
});

test("the enrolment address has the form that clients cut apart", () => {
  expect(otpauthUrl({ issuer: "Barong", account: "dana@example.com", seed: rfcSeed })).toBe(
    `otpauth://totp/Barong:dana@example.com?algorithm=SHA1&digits=6&issuer=Barong&period=30&secret=${rfcSeed}`,
  );
});

test("signs in the names cannot change the enrolment address", () => {
  const url = otpauthUrl({ issuer: "A & B: Co", account: "x?secret=AAAA#+y@b.c", seed: rfcSeed });

  const parsed = new URL(url);
  expect(parsed.searchParams.getAll("secret")).toEqual([rfcSeed]);
  expect(parsed.searchParams.get("issuer")).toBe("A & B: Co");
  expect(decodeURIComponent(parsed.pathname)).toContain("A & B: Co:x?secret=AAAA#+y@b.c");
});
