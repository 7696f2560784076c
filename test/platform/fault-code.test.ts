import { expect, test } from "vitest";
import { faultCode } from "../../src/platform/fault-code.js";

const withCode = (code: unknown, cause?: unknown) => Object.assign(new Error("words", { cause }), { code });

test.each([
  ["a fault of the system", withCode("ECONNRESET"), "ECONNRESET"],
  ["a fault that fetch wraps", new TypeError("fetch failed", { cause: withCode("ENOTFOUND") }), "ENOTFOUND"],
  ["the outer of two codes", withCode("ERR_NETWORK", withCode("EPIPE")), "ERR_NETWORK"],
  ["a fault whose own code is a number", withCode(403, withCode("EACCES")), "EACCES"],
])("%s has its code", (_what, fault, code) => {
  expect(faultCode(fault)).toBe(code);
});

test.each([
  ["no code", new Error("amqp://guest:secret@host")],
  ["a code that could be somebody's words", withCode("Dana <dana@example.com>")],
  ["a code of any length", withCode("E".repeat(500))],
  ["no error at all", "ECONNRESET"],
])("what has %s has none", (_what, fault) => {
  expect(faultCode(fault)).toBeUndefined();
});
