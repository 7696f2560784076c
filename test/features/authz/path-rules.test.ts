import { expect, test } from "vitest";
import { plainPath, verdictOn } from "../../../src/features/authz/path-rules.js";

const RULES = { pass: ["api/v2/barong/identity"], block: ["api/v2/barong/management"] };

test("a prefix decides, and block is stronger than pass", () => {
  expect(verdictOn("api/v2/barong/identity/sessions", RULES)).toBe("pass");
  expect(verdictOn("api/v2/barong/managementfoo", RULES)).toBe("block");
  expect(verdictOn("api/v2/orders", RULES)).toBe("ask");
  expect(verdictOn("api/v2/x", { pass: ["api"], block: ["api/v2"] })).toBe("block");
});

test("letter case counts", () => {
  expect(verdictOn("API/v2/barong/identity", RULES)).toBe("ask");
});

test("the verdict is about the path that the service behind will see", () => {
  expect(verdictOn("api/v2/barong/identity/../management/users", RULES)).toBe("block");
  expect(verdictOn("/api//v2/./barong/management", RULES)).toBe("block");
});

test("a path that can be understood in two ways is blocked", () => {
  const uncertain = [
    "api/..;x=1/x",
    "api/.;/x",
    "api/caf%C3%A9",
    "api/%6danagement",
    "api/%2e%2e/x",
    "api%2Fv2",
    "api\\v2",
    "api/\u0000",
    "../x",
    "a/%252e",
    "a/%00",
    "a/\n",
  ];
  for (const path of uncertain) expect(verdictOn(path, RULES)).toBe("block");
});

test("a blocked prefix is not left again, and a folder is covered by its own prefix", () => {
  expect(verdictOn("api/v2/barong/management/../identity/ping", RULES)).toBe("block");
  expect(verdictOn("docs/", { pass: ["docs/"], block: [] })).toBe("pass");
});

test("letters of any script are left as they are", () => {
  expect(plainPath("/api/v2/café/")).toBe("api/v2/café");
});
