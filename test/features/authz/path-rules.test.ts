import { expect, test } from "vitest";
import { listingOf } from "../../../src/features/authz/path-rules.js";

const RULES = { pass: ["api/v2/barong/identity", "docs/"], block: ["api/v2/barong/management"] };

const said = (path: string, rules = RULES) => listingOf(path, rules).says;

test("a prefix decides, and block is stronger than pass", () => {
  expect(listingOf("/api/v2/barong/identity/sessions", RULES)).toMatchObject({
    says: "pass",
    prefix: "api/v2/barong/identity",
  });
  expect(said("/api/v2/barong/managementfoo")).toBe("block");
  expect(said("/api/v2/orders")).toBe("ask");
  expect(said("/api/v2/x", { pass: ["api"], block: ["api/v2"] })).toBe("block");
});

test("letter case counts", () => {
  expect(said("/API/v2/barong/identity")).toBe("ask");
});

test("no spelling of a blocked path gets around the list", () => {
  expect(said("/api/v2/barong/identity/../management/users")).toBe("block");
  expect(said("/api//v2/./barong/management")).toBe("block");
  expect(said("/api/v2/barong/%6d%61nagement")).toBe("block");
});

test("a blocked prefix is not left again by dots, nor is an open one reached by them", () => {
  expect(said("/api/v2/barong/management/../identity/ping")).toBe("block");
  expect(said("/api/v2/barong/resource/../identity/ping")).toBe("ask");
});

test("a prefix that ends with a slash covers the folder itself", () => {
  expect(said("/docs")).toBe("pass");
  expect(said("/docs/")).toBe("pass");
  expect(said("/docsx")).toBe("ask");
});

test("an ambiguous path is not held against the lists", () => {
  expect(said("/api/v2/barong/identity/..%2fmanagement")).toBe("ambiguous");
});
