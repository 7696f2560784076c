import { expect, test } from "vitest";
import {
  cookieMayAct,
  deservesTouch,
  hasEnded,
  isToken,
  mayBecomeSession,
} from "../../../src/features/sessions/rules.js";

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

const LIMITS = { idleSeconds: 1800, lifetimeSeconds: 86_400, perAccount: 20 };
const NOON = new Date("2026-03-01T12:00:00.000Z");
const after = (milliseconds: number): Date => new Date(NOON.getTime() + milliseconds);

test("a session ends at the moment when it has been idle for long enough, or its time is over", () => {
  const session = { lastSeenAt: NOON, expiresAt: after(3_600_000) };

  expect(hasEnded(session, LIMITS, after(1_799_999))).toBe(false);
  expect(hasEnded(session, LIMITS, after(1_800_000))).toBe(true);
  const busy = { ...session, lastSeenAt: after(3_599_000) };
  expect(hasEnded(busy, LIMITS, after(3_599_999))).toBe(false);
  expect(hasEnded(busy, LIMITS, after(3_600_000))).toBe(true);
});

test("that a session was seen is written down once a minute, oftener where the idle limit is short", () => {
  const session = { lastSeenAt: NOON };
  const short = { ...LIMITS, idleSeconds: 60 };

  expect(deservesTouch(session, LIMITS, after(59_999))).toBe(false);
  expect(deservesTouch(session, LIMITS, after(60_000))).toBe(true);
  expect(deservesTouch(session, short, after(5_999))).toBe(false);
  expect(deservesTouch(session, short, after(6_000))).toBe(true);
});

test("only what has the form of a token is looked up", () => {
  const token = "Ab-_".repeat(10).concat("xyz");

  expect(isToken(token)).toBe(true);
  for (const other of ["", token.slice(1), `${token}x`, `${token}\n`, token.replace("-", "+")])
    expect(isToken(other)).toBe(false);
});
