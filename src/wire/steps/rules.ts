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

export function forbidsBlank(field: DescField): boolean {
  const { type } = getOption(field, fieldRules);
  return type.case === "string" && hasExtension(type.value, not_blank) && getExtension(type.value, not_blank);
}

/** Whether the empty text breaks a rule of the field that answers as "empty". */
export function forbidsEmpty(field: DescField): boolean {
  const { type } = getOption(field, fieldRules);
  return forbidsBlank(field) || (type.case === "string" && type.value.minLen > 0n);
}

/** Codes of our own: the ids of CEL rules that contain a dot. */
export function ownCodes(field: DescField): readonly string[] {
  return getOption(field, fieldRules)
    .cel.map(({ id }) => id)
    .filter(isOwnCode);
}

export const ownCodesOfMessage = (message: DescMessage): readonly string[] =>
  getOption(message, messageRules)
    .cel.map(({ id }) => id)
    .filter(isOwnCode);

export const isOwnCode = (id: string): boolean => /^\w+(?:\.\w+)+$/.test(id);
