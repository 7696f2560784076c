import { create, fromJson, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { encodeRequest } from "../../src/transcoding/encode.js";
import { FieldNames } from "../../src/transcoding/fields.js";
import { Parameters } from "../../src/transcoding/parameters.js";
import { parsePairs } from "../../src/transcoding/query.js";
import { type Binding, compileRules, RuleConflict } from "../../src/transcoding/rules.js";
import type { FieldViolation } from "../../src/transcoding/violations.js";
import { casesOf, type RuleCase } from "./cases.js";
import { methodsOf, ruleOf, sample } from "./schema.js";

const strict = { collapseSlashes: false, ignoreTrailingSlash: false };

describe("a query fills a message", () => {
  test.each(casesOf("query"))("$id: $query", ({ query, already_bound, expect: expected }) => {
    const violations: FieldViolation[] = [];
    const message = create(sample);
    const parameters = new Parameters({
      schema: sample,
      message,
      names: new FieldNames(sample),
      givenByPath: new Set(already_bound),
      violations,
      jsonDepth: 100,
      jsonNodes: 10_000,
      ignoreUnknown: true,
      enumWords: false,
      blankIsUnset: () => false,
      jsonAsText: () => false,
      registry: undefined,
    });
    const read = () => {
      for (const [name, text] of parsePairs(query, 100, "malformed_query"))
        parameters.set("query", name, text);
      if (violations.length > 0) throw new Error(violations[0]?.description);
    };
    if (expected.error !== undefined) expect(read).toThrow();
    else {
      read();
      expect(plain(message)).toEqual(plain(fromJson(sample, expected.message ?? {})));
    }
  });
});

describe("a client encodes a message", () => {
  test.each(casesOf("encode"))("$id: $template", ({ template, body = "", message, expect: expected }) => {
    const encode = () =>
      encodeRequest(bindingOf({ method: body ? "POST" : "GET", template, body }), fromJson(sample, message));

    if (expected.error !== undefined) expect(encode).toThrow();
    else if (expected.body === undefined) expect(encode()).toMatchObject(expected);
    else expect(encode()).toEqual(expected);
  });
});

describe("the rules of a service", () => {
  test.each(casesOf("config"))("$id: $why", ({ rules, expect: expected }) => {
    const start = () => compileRules(methodsOf(...rules.map((rule) => ({ rule: toRule(rule) }))), strict);

    if (expected === "ok") expect(start).not.toThrow();
    else expect(start).toThrow(RuleConflict);
  });
});

const plain = (message: Message): JsonValue => toJson(sample, message);

function bindingOf(rule: RuleCase): Binding {
  const [binding] = compileRules(methodsOf({ rule: toRule(rule) }), strict).bindings;
  if (binding === undefined) throw new Error("the rule gave no binding");
  return binding;
}

const toRule = ({ method, template, body = "", response_body = "" }: RuleCase) =>
  ruleOf(method, template, { body, responseBody: response_body });
