import { expect, test } from "vitest";
import {
  carriedOnly,
  indexed,
  judgementOf,
  normalised,
  type Question,
  refuseUnknownWords,
} from "../../../src/features/permissions/rules.js";
import type { Permission, PermissionAction } from "../../../src/features/permissions/store.js";
import { somePermission, someQuestion } from "./some.js";

const counts = (terms: Partial<Permission>, question: Question): boolean =>
  indexed([somePermission(terms)]).matching(question).length === 1;

const isAllowed = (actions: readonly PermissionAction[]): boolean =>
  judgementOf(actions.map((action) => somePermission({ action }))).allowed;

test("one DROP refuses, and without it at least one ACCEPT is needed", () => {
  expect(isAllowed(["accept"])).toBe(true);
  expect(isAllowed(["accept", "accept"])).toBe(true);
  expect(isAllowed(["accept", "drop"])).toBe(false);
  expect(isAllowed(["drop", "accept"])).toBe(false);
  expect(isAllowed(["drop"])).toBe(false);
  expect(isAllowed([])).toBe(false);
});

test("AUDIT alone lets nobody pass, and keeps nobody out", () => {
  expect(isAllowed(["audit"])).toBe(false);
  expect(isAllowed(["audit", "accept"])).toBe(true);
  expect(isAllowed(["audit", "drop"])).toBe(false);
});

test("a role is the caller's, or any", () => {
  expect(counts({ role: "member" }, someQuestion({ role: "member" }))).toBe(true);
  expect(counts({ role: "*" }, someQuestion({ role: "member" }))).toBe(true);
  expect(counts({ role: "admin" }, someQuestion({ role: "member" }))).toBe(false);
  expect(counts({ role: "mem" }, someQuestion({ role: "member" }))).toBe(false);
  expect(counts({ role: "member" }, someQuestion({ role: "*" }))).toBe(false);
});

test("a verb is the request's, or any", () => {
  expect(counts({ verb: "POST" }, someQuestion({ verb: "POST" }))).toBe(true);
  expect(counts({ verb: "ALL" }, someQuestion({ verb: "PROPFIND" }))).toBe(true);
  expect(counts({ verb: "GET" }, someQuestion({ verb: "POST" }))).toBe(false);
  expect(counts({ verb: "GET" }, someQuestion({ verb: "ALL" }))).toBe(false);
  expect(counts({ verb: "GET" }, someQuestion({ verb: "OPTIONS" }))).toBe(false);
});

test("what is said about GET holds for HEAD, and not the other way round", () => {
  expect(counts({ verb: "GET" }, someQuestion({ verb: "HEAD" }))).toBe(true);
  expect(counts({ verb: "HEAD" }, someQuestion({ verb: "HEAD" }))).toBe(true);
  expect(counts({ verb: "HEAD" }, someQuestion({ verb: "GET" }))).toBe(false);
  expect(counts({ verb: "POST" }, someQuestion({ verb: "HEAD" }))).toBe(false);
});

test.each([
  ["", "api/v2/orders", true],
  ["", "", true],
  ["api/v2/orders", "api/v2/orders", true],
  ["api/v2/orders", "api/v2/orders/7", true],
  ["api/v2/orders", "api/v2/ordersfoo", true],
  ["api/v2/orders/", "api/v2/orders", true],
  ["api/v2/orders/", "api/v2/orders/7", true],
  ["api/v2/orders/", "api/v2/ordersfoo", false],
  ["api/v2/orders/7", "api/v2/orders", false],
  ["api/v2/Orders", "api/v2/orders", false],
  ["v2/orders", "api/v2/orders", false],
  ["api/", "", false],
])("the prefix '%s' and the path '%s': %s", (prefix, path, covers) => {
  expect(counts({ path: prefix }, someQuestion({ path }))).toBe(covers);
});

test("a permission for sessions or for API keys counts for those alone", () => {
  expect(counts({ caller: "any" }, someQuestion({ kind: "session" }))).toBe(true);
  expect(counts({ caller: "any" }, someQuestion({ kind: "api key" }))).toBe(true);
  expect(counts({ caller: "session" }, someQuestion({ kind: "session" }))).toBe(true);
  expect(counts({ caller: "session" }, someQuestion({ kind: "api key" }))).toBe(false);
  expect(counts({ caller: "api_key" }, someQuestion({ kind: "api key" }))).toBe(true);
  expect(counts({ caller: "api_key" }, someQuestion({ kind: "session" }))).toBe(false);
});

test("a level is reached or it is not", () => {
  expect(counts({ minLevel: 3 }, someQuestion({ level: 2 }))).toBe(false);
  expect(counts({ minLevel: 3 }, someQuestion({ level: 3 }))).toBe(true);
  expect(counts({ minLevel: 3 }, someQuestion({ level: 4 }))).toBe(true);
  expect(counts({ minLevel: 0 }, someQuestion({ level: 0 }))).toBe(true);
});

test("a scope is a whole word of the API key's, and never a session's", () => {
  expect(counts({ scope: "trade" }, someQuestion({ kind: "api key", scope: ["read", "trade"] }))).toBe(true);
  expect(counts({ scope: "trade" }, someQuestion({ kind: "api key", scope: ["trade:all", "Trade"] }))).toBe(
    false,
  );
  expect(counts({ scope: "trade" }, someQuestion({ kind: "api key", scope: [] }))).toBe(false);
  expect(counts({ scope: "trade" }, someQuestion({ kind: "session", scope: ["trade"] }))).toBe(false);
});

test("a label is carried with its value, or the permission does not count", () => {
  const plain = somePermission();
  const labelled = somePermission({ label: "vip:gold" });

  expect(carriedOnly([plain, labelled], new Set())).toEqual([plain]);
  expect(carriedOnly([plain, labelled], new Set(["vip:silver", "gold:vip"]))).toEqual([plain]);
  expect(carriedOnly([plain, labelled], new Set(["vip:gold"]))).toEqual([plain, labelled]);
});

test("all conditions of a permission have to hold", () => {
  const terms = {
    role: "member",
    verb: "POST",
    path: "api",
    caller: "api_key",
    minLevel: 2,
    scope: "trade",
  } as const;
  const whole = {
    role: "member",
    verb: "POST",
    path: "api/x",
    kind: "api key",
    level: 2,
    scope: ["trade"],
  } as const;

  expect(counts(terms, someQuestion(whole))).toBe(true);
  const others = [
    { role: "admin" },
    { verb: "GET" },
    { path: "web" },
    { kind: "session" },
    { level: 1 },
    { scope: [] },
  ] as const;
  for (const other of others) expect(counts(terms, someQuestion({ ...whole, ...other }))).toBe(false);
});

test("permissions count in the order in which they were made", () => {
  const permissions = [
    somePermission({ role: "member" }),
    somePermission(),
    somePermission({ verb: "GET" }),
    somePermission({ role: "admin" }),
    somePermission({ role: "member", verb: "GET", action: "audit" }),
  ];
  const index = indexed(permissions);

  const [first, second, third, , fifth] = permissions;
  // Twice, as the answer to the first question is kept.
  for (const _time of [1, 2]) expect(index.matching(someQuestion())).toEqual([first, second, third, fifth]);
});

test("five hundred permissions are looked through within microseconds", () => {
  const permissions = Array.from({ length: 500 }, (_, at) =>
    somePermission({
      role: at % 2 === 0 ? "member" : "*",
      verb: at % 3 === 0 ? "GET" : "ALL",
      path: `api/v2/part${at}/`,
    }),
  );
  const index = indexed(permissions);
  const question = someQuestion({ path: "api/v2/part499/x" });
  const rounds = 2000;
  for (let round = 0; round < rounds; round += 1) index.matching(question);

  const began = performance.now();
  for (let round = 0; round < rounds; round += 1) index.matching(question);
  const microseconds = ((performance.now() - began) * 1000) / rounds;

  expect(index.matching(question)).toHaveLength(1);
  // Far more than it takes, for a machine that does other things meanwhile.
  expect(microseconds).toBeLessThan(200);
});

test.each([
  ["/", ""],
  ["//", ""],
  ["/api/v2", "api/v2"],
  ["//api//v2/", "api/v2/"],
  [" api/v2 ", "api/v2"],
  ["api/v2", "api/v2"],
])("the path '%s' is stored as '%s'", (written, stored) => {
  expect(normalised(somePermission({ path: written })).path).toBe(stored);
});

test("words are stored in one letter case", () => {
  const written = somePermission({ verb: "Get", action: "ACCEPT" as PermissionAction });

  expect(normalised(written)).toMatchObject({ verb: "GET", action: "accept" });
});

test("a row with a word that nobody knows is refused by its number", () => {
  const action = somePermission({ id: 41, action: "permit" as PermissionAction });
  const caller = somePermission({ id: 42, caller: "robot" as Permission["caller"] });

  expect(() => refuseUnknownWords(action)).toThrow('permission 41 has an unknown action, "permit"');
  expect(() => refuseUnknownWords(caller)).toThrow('permission 42 has an unknown caller, "robot"');
  expect(() => refuseUnknownWords(somePermission())).not.toThrow();
});
