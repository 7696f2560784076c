import { create, type DescField, type DescMethod, ScalarType } from "@bufbuild/protobuf";
import { Access, type MethodRules, type RateLimit } from "../../gen/barong/options/v1/options_pb.js";
import { compileRules, nameOf, RuleConflict } from "../transcoding/rules.js";
import { formBytesOf, problemsOfFiles } from "./file-fields.js";
import type { Offer, Served } from "./served.js";
import { CAPTCHA_FIELDS, isCaptchaField } from "./steps/captcha.js";
import { isAbility } from "./steps/permit.js";
import { hasRules, validator } from "./steps/rules.js";
import { SECOND_FACTOR_FIELD } from "./steps/second-factor.js";

interface Declared {
  readonly method: DescMethod;
  readonly served: Served;
  readonly rules: MethodRules;
  readonly access: Access;
  readonly noApiKeys: boolean;
  readonly errorScope: string;
  readonly offer: Offer;
}

/** Everything that keeps services from being served, one sentence each; compiles the validation rules on the way. */
export function problemsOf(services: readonly Served[], methods: readonly Declared[]): string[] {
  return [
    ...servedTwice(services),
    ...methods.flatMap((declared) =>
      problemsOfMethod(declared).map((problem) => `${nameOf(declared.method)}: ${problem}`),
    ),
    ...ruleConflicts(methods),
  ];
}

function servedTwice(services: readonly Served[]): string[] {
  const names = services.map(({ service }) => service.typeName);
  return names
    .filter((name, index) => names.indexOf(name) < index)
    .map((name) => `${name} has handlers in two places`);
}

function problemsOfMethod({ method, served, rules, access, noApiKeys, errorScope }: Declared): string[] {
  const problems: string[] = [];
  if (method.methodKind !== "unary" && method.methodKind !== "server_streaming") {
    problems.push("client streams are not supported");
  }
  if (typeof served.handlers[method.localName] !== "function") problems.push("has no handler");
  if (access === Access.UNSPECIFIED)
    problems.push("neither the method nor its service declares who may call");
  if (errorScope === "" && hasRules(method.input)) {
    problems.push("the request has rules, but the service declares no error_scope");
  }
  if (rules.successStatus !== 0 && (rules.successStatus < 200 || rules.successStatus > 299)) {
    problems.push(`success_status ${rules.successStatus} is no success`);
  }
  problems.push(...problemsOfAbility(access, rules.ability), ...problemsOfList(method, rules));
  if (rules.secondFactor && !method.input.fields.some(({ name }) => name === SECOND_FACTOR_FIELD)) {
    problems.push(`asks for a second factor, but the request has no field ${SECOND_FACTOR_FIELD}`);
  }
  if (rules.secondFactor && access === Access.PUBLIC) {
    problems.push("asks for a second factor, but is open to everybody");
  }
  if (noApiKeys && access === Access.PUBLIC) problems.push("refuses API keys, but is open to everybody");
  if (rules.captcha && !method.input.fields.some(isCaptchaField)) {
    problems.push(`asks for a captcha, but the request has no field ${CAPTCHA_FIELDS.join(" or ")}`);
  }
  if (rules.captcha && rules.captchaAction === "") problems.push("asks for a captcha, but names no action");
  if (rules.activity && (rules.activity.topic === "" || rules.activity.action === "")) {
    problems.push("its activity lacks a topic or an action");
  }
  problems.push(...rules.limits.flatMap((limit) => problemsOfLimit(limit, method, access)));
  if (rules.maxRequestBytes < 0) problems.push(`max_request_bytes ${rules.maxRequestBytes} is no size`);
  problems.push(...problemsOfFiles(method), ...unreadableRules(method));
  return problems;
}

function problemsOfAbility(access: Access, ability: string): string[] {
  const isStaff = access === Access.STAFF;
  if (isStaff && !isAbility(ability))
    return [`declares no ability of the form "users.read", but "${ability}"`];
  return !isStaff && ability !== "" ? ["declares an ability, but asks nobody for it"] : [];
}

function problemsOfList({ input, output }: DescMethod, { pagination }: MethodRules): string[] {
  if (pagination === undefined) return [];
  const lacks = (fields: readonly DescField[], name: string) => !fields.some((field) => field.name === name);
  const missing = [
    ...["page", "limit"].filter((name) => lacks(input.fields, name)),
    ...["total"].filter((name) => lacks(output.fields, name)),
  ];
  const problems = missing.map((name) => `answers a list, but has no field ${name}`);
  return pagination.defaultLimit < 1 ? [...problems, "answers a list without a default_limit"] : problems;
}

function problemsOfLimit({ by, calls, seconds }: RateLimit, method: DescMethod, access: Access): string[] {
  const problems: string[] = [];
  for (const name of by.split("+")) {
    if (name === "account") {
      if (access === Access.PUBLIC) problems.push("counts calls by account, but is open to everybody");
      continue;
    }
    const field = method.input.fields.find((candidate) => candidate.name === name);
    if (field !== undefined && formBytesOf(method) !== undefined) {
      problems.push(
        `counts calls by "${name}", which is not read yet when calls that bring files are counted`,
      );
    }
    const isText = field?.fieldKind === "scalar" && field.scalar === ScalarType.STRING;
    if (name !== "client" && !isText) problems.push(`counts calls by "${name}", which is no string field`);
  }
  if (calls < 1 || seconds < 1) problems.push("has a limit without calls or seconds");
  return problems;
}

/** The first check of a type compiles its rules, which takes up to 0.1 s: here rather than in somebody's request. */
function unreadableRules(method: DescMethod): string[] {
  if (!hasRules(method.input)) return [];
  const { error, kind } = validator.validate(method.input, create(method.input));
  return kind === "error" ? [`the rules of its request cannot be checked: ${error.message}`] : [];
}

function ruleConflicts(methods: readonly Declared[]): readonly string[] {
  try {
    const onRest = methods.filter(({ offer }) => offer === "every door").map(({ method }) => method);
    compileRules(onRest, { collapseSlashes: true, ignoreTrailingSlash: true });
    return [];
  } catch (error) {
    if (error instanceof RuleConflict) return error.problems;
    throw error;
  }
}
