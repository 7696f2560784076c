import { expect, test } from "vitest";
import { deviceName, plainLine, shortenedKid, shownTime } from "../../../src/features/mails/values.js";

const CHROME =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

test.each([
  [CHROME, "Chrome, Windows"],
  [`${CHROME} Edg/126.0.0.0`, "Edge, Windows"],
  [`${CHROME} OPR/111.0.0.0`, "Opera, Windows"],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox, Linux"],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Safari, iPhone",
  ],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    "Safari, macOS",
  ],
  [
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
    "Chrome, Android",
  ],
  ["curl/8.5.0", "curl"],
  ["node", "node"],
  ["python-requests/2.32.3", "python-requests"],
])("%s is shown as %s", (userAgent, name) => {
  expect(deviceName(userAgent)).toBe(name);
});

test.each([
  "",
  "evil.example/login",
  "https://evil.example",
  "Write-to eve@example.com now",
  "<b>bold</b>",
  "0".repeat(512),
  `${"a".repeat(31)}/1`,
])("of a user agent such as %j no word of its own is shown that could lead somewhere", (userAgent) => {
  expect(deviceName(userAgent)).toMatch(/^$|^Write-to$/);
});

test("a user agent that tries to make the patterns slow is read in no time", () => {
  const began = performance.now();

  deviceName(`Version/${"1".repeat(250)}${".".repeat(250)}`);

  expect(performance.now() - began).toBeLessThan(50);
});

test("a line keeps what is read and loses what is not", () => {
  expect(plainLine(" a\r\nb\t\u0000c\u200b\u202e ", 10)).toBe("a b c");
  expect(plainLine("Ünïcödé 😀", 100)).toBe("Ünïcödé 😀");
  expect(plainLine("😀".repeat(11), 10)).toBe(`${"😀".repeat(9)}…`);
});

test("times are in UTC to the minute, ids of keys are cut", () => {
  expect(shownTime(new Date("2026-11-22T12:34:56.789Z"))).toBe("2026-11-22 12:34 UTC");
  expect(shortenedKid("a1b2c3d4e5f60718")).toBe("a1b2c3d4…");
});
