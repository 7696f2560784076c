import { expect, test } from "vitest";
import { plainPath } from "../../../src/features/authz/plain-path.js";

test("repeated slashes and those at the ends make no other path", () => {
  for (const sent of ["/api/v2/orders", "api/v2/orders", "//api///v2//orders//", "/api/v2/orders/"])
    expect(plainPath(sent)).toEqual({ resolved: "api/v2/orders" });
});

test("the root is the empty path", () => {
  for (const sent of ["", "/", "//"]) expect(plainPath(sent)).toEqual({ resolved: "" });
});

test("letter case is kept", () => {
  expect(plainPath("/API/v2/Orders")).toEqual({ resolved: "API/v2/Orders" });
});

test("escapes are read once, whatever they stand for", () => {
  expect(plainPath("/api/%6danagement/caf%C3%A9/a%20b")).toEqual({ resolved: "api/management/café/a b" });
});

test("dots are resolved, and told as they were sent as well", () => {
  expect(plainPath("/api/./v2/x/../orders")).toEqual({
    resolved: "api/v2/orders",
    unresolved: "api/./v2/x/../orders",
  });
  expect(plainPath("/a/..")).toEqual({ resolved: "", unresolved: "a/.." });
});

test("names that begin with a dot are names", () => {
  expect(plainPath("/.well-known/...")).toEqual({ resolved: ".well-known/..." });
});

test("a path that services may understand in two ways has no plain form", () => {
  const ambiguous = [
    "/api%2fv2",
    "/api%2Fv2",
    "/a%5cb",
    "/a\\b",
    "/a%00",
    "/a\u0000",
    "/a%0a",
    "/a%7f",
    "/a/%2e%2e/b",
    "/a/.%2e/b",
    "/a/%2E/b",
    "/a/%252e%252e/b",
    "/a%2525",
    "/a;x/b",
    "/a%3bx/b",
    "/a/..;/b",
    "/a/%c3%28",
    "/a/%",
    "/a/%zz",
    "/a/%c0%ae",
    "/a/caf\u00e9",
    "/a b",
    "/a#b",
    "/..",
    "/a/../../b",
    `/${"a".repeat(8192)}`,
  ];
  for (const sent of ambiguous) expect([sent, plainPath(sent)]).toEqual([sent, undefined]);
});
