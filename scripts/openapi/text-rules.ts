import { getExtension, hasExtension } from "@bufbuild/protobuf";
import type { GenExtension } from "@bufbuild/protobuf/codegenv2";
import { reflect } from "@bufbuild/protobuf/reflect";
import { type StringRules, StringRulesSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import {
  calendar_date,
  model_inclusion,
  model_max_len,
  model_min_len,
  model_not_blank,
  model_pattern,
  not_blank,
} from "../../gen/barong/options/v1/rules_pb.js";
import { given, type Node } from "./json.js";

/** What the rules of a text say, as JSON Schema; `patterns` come from elsewhere. Throws on a rule it has no word for. */
export function textSchema(rules: StringRules, patterns: readonly string[]): Node {
  refuseUnknown(rules);
  const { minLen, maxLen } = rules;
  const words = [...rules.in, ...(own(rules, model_inclusion) ?? [])];
  const mayBeBlank = !own(rules, not_blank) && !own(rules, model_not_blank);
  const shortest = (mayBeBlank ? 0 : (own(rules, model_min_len) ?? 1)) || Number(minLen);
  const longest = own(rules, model_max_len) ?? Number(maxLen);
  const trimmed = own(rules, model_pattern);
  const all = [
    ...patterns,
    ...(rules.pattern === "" ? [] : [rules.pattern]),
    ...(trimmed === undefined ? [] : [aroundSpace(trimmed)]),
  ];
  if (!mayBeBlank && all.length === 0 && words.length === 0 && !own(rules, calendar_date)) all.push("\\S");
  return given({
    enum: words.length > 0 ? words : undefined,
    minLength: shortest > 0 && words.length === 0 ? shortest : undefined,
    maxLength: longest > 0 ? longest : undefined,
    ...(own(rules, calendar_date) ? { anyOf: DAYS } : {}),
    ...(all.length > 1 ? { allOf: all.map((pattern) => ({ pattern })) } : given({ pattern: all[0] })),
  });
}

const DAYS = [{ format: "date" }, { pattern: "^\\d\\d/\\d\\d/\\d{4}$" }];

/** Rules of a model look at the text without white space around it. */
const aroundSpace = (pattern: string): string =>
  `^\\s*(?:${pattern.replace(/^\^/, "").replace(/\$$/, "")})\\s*$`;

/** The value of a rule of our own, if it is set. */
function own<T>(rules: StringRules, rule: GenExtension<StringRules, T>): T | undefined {
  return hasExtension(rules, rule) ? (getExtension(rules, rule) as T) : undefined;
}

const KNOWN = ["min_len", "max_len", "pattern", "in"];

function refuseUnknown(rules: StringRules): void {
  const message = reflect(StringRulesSchema, rules);
  const unknown = message.fields.find((field) => message.isSet(field) && !KNOWN.includes(field.name));
  if (unknown) throw new Error(`the rule string.${unknown.name} has no words in OpenAPI yet`);
}
