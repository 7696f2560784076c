import { expect, test } from "vitest";
import { cookieMayAct, mayBecomeSession } from "../../../src/features/sessions/rules.js";

const ORIGINS = { own: "https://www.example.com", allowed: ["https://app.example.net"] };
const mayAct = (headers: Record<string, string>) => cookieMayAct(new Headers(headers), ORIGINS);

test("the site's own pages, allowed ones, and programs that are no browsers may act", () => {
  expect(mayAct({ origin: "https://www.example.com" })).toBe(true);
  expect(mayAct({ origin: "https://app.example.net" })).toBe(true);
  expect(mayAct({ origin: "http://localhost:8080", host: "localhost:8080" })).toBe(true);
  expect(mayAct({ "sec-fetch-site": "same-origin" })).toBe(true);
  expect(mayAct({})).toBe(true);
});

test("pages of other origins may not, whatever they send", () => {
  expect(mayAct({ origin: "https://evil.example", "sec-fetch-site": "same-origin" })).toBe(false);
  expect(mayAct({ origin: "null" })).toBe(false);
  expect(mayAct({ origin: "https://www.example.com.evil.example", host: "www.example.com" })).toBe(false);
  expect(mayAct({ "sec-fetch-site": "cross-site" })).toBe(false);
  expect(mayAct({ "sec-fetch-site": "same-site" })).toBe(false);
});

test("a foreign page signs nobody in with what a form can send", () => {
  const mayBecome = (headers: Record<string, string>) =>
    mayBecomeSession(new Headers({ origin: "https://evil.example", ...headers }), ORIGINS);

  for (const type of ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]) {
    expect(mayBecome({ "content-type": type })).toBe(false);
  }
  expect(mayBecome({})).toBe(false);
  expect(mayBecome({ "content-type": "application/json" })).toBe(true);
  expect(mayBecome({ origin: "https://www.example.com" })).toBe(true);
});
