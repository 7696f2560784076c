import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { judgeLink, linkQuery } from "../../../src/ports/storage/folder-links.js";

const NOW = new Date("2026-03-01T12:00:00.700Z");
const CURRENT = randomBytes(32);
const OLDER = randomBytes(32);
const TERMS = { seconds: 60, fileName: "скан №1.pdf", contentType: "application/pdf" };

const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);

function partsOf(query: URLSearchParams) {
  const { expires, name, type, signature } = Object.fromEntries(query);
  return { expires: Number(expires), name: name ?? "", type: type ?? "", signature: signature ?? "" };
}

const made = () => partsOf(linkQuery("a/b", TERMS, [CURRENT], NOW));

test("a link says when it expires, and how the file is to be called", () => {
  expect(made()).toEqual({
    expires: Date.parse("2026-03-01T12:01:00Z") / 1000,
    name: "скан №1.pdf",
    type: "application/pdf",
    signature: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

test("a link is good for its seconds and not for one more", () => {
  expect(judgeLink("a/b", made(), [CURRENT], NOW)).toBe("good");
  expect(judgeLink("a/b", made(), [CURRENT], later(59))).toBe("good");
  expect(judgeLink("a/b", made(), [CURRENT], later(60))).toBe("expired");
});

test("a link of an older key is good until that key has left the ring", () => {
  const link = partsOf(linkQuery("a/b", TERMS, [OLDER], NOW));

  expect(judgeLink("a/b", link, [CURRENT, OLDER], NOW)).toBe("good");
  expect(judgeLink("a/b", link, [CURRENT], NOW)).toBe("invalid");
});

test.each([
  ["another key", "a/c", {}],
  ["a later end", "a/b", { expires: made().expires + 1 }],
  ["no end", "a/b", { expires: Number.NaN }],
  ["another name", "a/b", { name: "скан №2.pdf" }],
  ["another type", "a/b", { type: "text/html" }],
  ["a piece of the name in the type", "a/b", { name: "скан №1.pd", type: "fapplication/pdf" }],
  ["no signature", "a/b", { signature: "" }],
  ["half a signature", "a/b", { signature: made().signature.slice(0, 32) }],
  ["a signature in capitals", "a/b", { signature: made().signature.toUpperCase() }],
])("a link with %s is not ours, also when its time is over", (_what, key, change) => {
  const link = { ...made(), ...change };

  expect(judgeLink(key, link, [CURRENT, OLDER], NOW)).toBe("invalid");
  expect(judgeLink(key, link, [CURRENT, OLDER], later(3600))).toBe("invalid");
});
