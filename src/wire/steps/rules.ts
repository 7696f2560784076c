import {
  createRegistry,
  type DescField,
  type DescMessage,
  getExtension,
  getOption,
  hasExtension,
  hasOption,
} from "@bufbuild/protobuf";
import { createValidator, type Validator } from "@bufbuild/protovalidate";
import {
  field as fieldRules,
  message as messageRules,
  oneof as oneofRules,
  predefined,
  type Rule,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { file_barong_options_v1_rules, not_blank } from "../../../gen/barong/options/v1/rules_pb.js";

/** Checks every request of the process; it keeps the rules that it has compiled. */
export const validator: Validator = createValidator({
  registry: createRegistry(file_barong_options_v1_rules),
});

/** Whether a message type, or one inside it, has rules at all. */
export function hasRules(message: DescMessage, seen = new Set<DescMessage>()): boolean {
  if (seen.has(message)) return false;
  seen.add(message);
  if (hasOption(message, messageRules)) return true;
  if (message.oneofs.some((oneof) => hasOption(oneof, oneofRules))) return true;
  return message.fields.some(
    (field) => hasOption(field, fieldRules) || (field.message !== undefined && hasRules(field.message, seen)),
  );
}

export const isRequired = (field: DescField): boolean => getOption(field, fieldRules).required;

/** Whether the absence of a required field is told as its blankness too. No word of an enum is blank. */
export const isBlankWhenAbsent = (field: DescField): boolean =>
  field.fieldKind === "enum" || forbidsBlank(field);

function forbidsBlank(field: DescField): boolean {
  const { type } = getOption(field, fieldRules);
  return type.case === "string" && hasExtension(type.value, not_blank) && getExtension(type.value, not_blank);
}

/** Whether the empty text breaks a rule of the field that answers as "empty". */
export function forbidsEmpty(field: DescField): boolean {
  const { type } = getOption(field, fieldRules);
  return forbidsBlank(field) || (type.case === "string" && type.value.minLen > 0n);
}

/** A rule with a code of its own. */
export interface CodedRule {
  readonly code: string;
  /** Half a sentence: "must be a day". */
  readonly message: string;
}

/** Codes of our own: the ids of CEL rules that contain a dot. */
export const ownRules = (field: DescField): readonly CodedRule[] =>
  codedRules(getOption(field, fieldRules).cel);

/** The rules of a field whose codes are `<field>.<fault>`, in their order in the schema; `code` is the fault alone. */
export function modelRules(field: DescField): readonly CodedRule[] {
  const { type } = getOption(field, fieldRules);
  if (type.case !== "string") return [];
  const given = file_barong_options_v1_rules.extensions.filter((rule) => hasExtension(type.value, rule));
  const rules = given.flatMap((rule) => getOption(rule, predefined).cel);
  return rules.flatMap(({ id, message }) => {
    const code = modelFaultOf(id);
    return code === undefined ? [] : [{ code, message }];
  });
}

/** `too_long` for the rule id `model.too_long`; undefined for rules of another kind. */
export const modelFaultOf = (ruleId: string): string | undefined => /^model\.(\w+)$/.exec(ruleId)?.[1];

export const ownRulesOfMessage = (message: DescMessage): readonly CodedRule[] =>
  codedRules(getOption(message, messageRules).cel);

const codedRules = (rules: readonly Rule[]): CodedRule[] =>
  rules.filter(({ id }) => isOwnCode(id)).map(({ id, message }) => ({ code: id, message }));

export const isOwnCode = (id: string): boolean => /^\w+(?:\.\w+)+$/.test(id);
