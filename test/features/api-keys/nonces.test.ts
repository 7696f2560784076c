import { expect, test } from "vitest";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { nonceFault, nonceOverAt } from "../../../src/features/api-keys/nonces.js";

const now = new Date("2026-11-25T12:00:00.500Z");
const at = (ms: number): string => String(now.getTime() + ms);
const { NONCE_INVALID, NONCE_EXPIRED } = ErrorReason;

test.each(["nonce", "request"] as const)("a nonce of the scheme %s is a time about now", (scheme) => {
  for (const good of [at(0), at(-5000), at(5000)])
    expect(nonceFault(scheme, good, now, 5000)).toBeUndefined();
  for (const late of [at(-5001), at(5001), "1", "1584524005143", "999999999999999"])
    expect([late, nonceFault(scheme, late, now, 5000)]).toEqual([late, NONCE_EXPIRED]);
  for (const wrong of [
    ...["0", "-1", "+1", "1.5", "1e12", "0x10", "abc", "٣", "9".repeat(16), `0${at(0)}`],
    ...[` ${at(0)}`, `${at(0)} `, `${at(0)}\n`, `${at(0)}-`, `${at(0)}_1`],
  ])
    expect([wrong, nonceFault(scheme, wrong, now, 5000)]).toEqual([wrong, NONCE_INVALID]);
});

test("seconds are no time about now, where times are looked at", () => {
  const seconds = String(Math.floor(now.getTime() / 1000));

  expect(nonceFault("nonce", seconds, now, 5000)).toBe(NONCE_EXPIRED);
  expect(nonceFault("nonce", seconds, now, 0)).toBeUndefined();
});

test("what follows the time has a form, and belongs to signatures of whole requests", () => {
  for (const good of ["-a", "-1", "-_-Z9", `-${"a".repeat(64)}`]) {
    expect(nonceFault("request", at(0) + good, now, 5000)).toBeUndefined();
    expect(nonceFault("nonce", at(0) + good, now, 5000)).toBe(NONCE_INVALID);
  }
  for (const wrong of ["-", "-a.b", "-é", "-a b", "-a\n", `-${"a".repeat(65)}`])
    expect([wrong, nonceFault("request", at(0) + wrong, now, 5000)]).toEqual([wrong, NONCE_INVALID]);
});

test("signatures of whole requests have a window of five seconds where others have none", () => {
  expect(nonceFault("request", at(-5000), now, 0)).toBeUndefined();
  expect(nonceFault("request", at(-5001), now, 0)).toBe(NONCE_EXPIRED);
  expect(nonceFault("request", "abc", now, 0)).toBe(NONCE_INVALID);
});

test("a nonce is kept for a minute after the last moment at which its time is good", () => {
  for (const [nonce, windowMs, good] of [
    [at(0), 5000, 5000],
    [`${at(5000)}-a`, 5000, 10_000],
    [at(-100), 3_600_000, 3_599_900],
    [at(0), 0, 5000],
  ] as const)
    expect(nonceOverAt(nonce, windowMs)).toEqual(new Date(now.getTime() + good + 60_000));
});
