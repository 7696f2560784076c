import { expect, test } from "vitest";
import { isNews, type SignedIn } from "../../../src/features/activities/rules.js";
import { secondsAfter } from "../../../src/platform/clock.js";

const NOW = new Date("2026-11-26T12:00:00Z");
const HERE = { ip: "198.51.100.1", userAgent: "Firefox" };
const home = signedIn("198.51.100.1", "Firefox", 86400);

test.each([
  ["the first sign-in", [], HERE, false],
  ["the same device again", [home], HERE, false],
  ["another user agent", [home], { ...HERE, userAgent: "curl" }, true],
  ["another address", [home], { ...HERE, ip: "198.51.100.2" }, true],
  ["a user agent and an address which are known, not together", known("curl"), HERE, true],
] as const)("%s: told or not", (_what, before, origin, told) => {
  expect(isNews(origin, before, NOW)).toBe(told);
});

test("of five new devices an hour the owner is told, of more not, and of the next one when the hour is over", () => {
  const before = (count: number, secondsAgo: number) =>
    Array.from({ length: count }, (_, device) => signedIn("198.51.100.9", `device${device}`, secondsAgo));

  expect(isNews(HERE, before(5, 60), NOW)).toBe(true);
  expect(isNews(HERE, before(6, 60), NOW)).toBe(false);
  expect(isNews(HERE, before(6, 3601), NOW)).toBe(true);
});

function signedIn(userIp: string, userAgent: string, secondsAgo: number): SignedIn {
  return { userIp, userAgent, createdAt: secondsAfter(NOW, -secondsAgo) };
}

function known(userAgent: string): SignedIn[] {
  return [signedIn("198.51.100.1", userAgent, 86400), signedIn("198.51.100.2", "Firefox", 86400)];
}
