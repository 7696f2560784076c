import {
  type DescField,
  type DescMessage,
  getExtension,
  getOption,
  hasExtension,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import {
  type FieldRules,
  field as fieldRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { model_max_len } from "../../../gen/barong/options/v1/rules_pb.js";

/** What the rules of a field look at of a text. */
type Bound = (text: string) => string;

/**
 * A view of a request in which no text is much longer than its field allows, so that patterns never run over a long text. What is too long
 * stays too long, and breaks the same rule.
 */
export function boundedStrings(input: DescMessage): (request: Message) => Message {
  const bounds = input.fields.flatMap((field) => {
    const bound = boundOf(field);
    return bound === undefined ? [] : [[field.localName, bound] as const];
  });
  return (request) => {
    const members = request as unknown as Readonly<Record<string, unknown>>;
    let view: Record<string, unknown> | undefined;
    for (const [name, bound] of bounds) {
      const value = members[name];
      const bounded = Array.isArray(value)
        ? value.map((item) => boundedText(item, bound))
        : boundedText(value, bound);
      if (
        bounded === value ||
        (Array.isArray(value) && Array.isArray(bounded) && value.every((item, at) => item === bounded[at]))
      )
        continue;
      view ??= Object.assign(Object.create(Object.getPrototypeOf(request)), request) as Record<
        string,
        unknown
      >;
      view[name] = bounded;
    }
    return (view ?? request) as Message;
  };
}

const boundedText = (value: unknown, bound: Bound): unknown =>
  typeof value === "string" ? bound(value) : value;

function boundOf(field: DescField): Bound | undefined {
  // Members of a oneof lie elsewhere in a message.
  if (field.oneof !== undefined) return undefined;
  const isString =
    (field.fieldKind === "scalar" || field.fieldKind === "list") && field.scalar === ScalarType.STRING;
  if (!isString) return undefined;
  const { type } = rulesOf(field);
  if (type.case !== "string") return undefined;
  const { maxLen, maxBytes, len } = type.value;
  const most = [maxLen, maxBytes, len].map(Number).filter((limit) => limit > 0);
  if (most.length > 0) return cutBehind(Math.min(...most));
  if (!hasExtension(type.value, model_max_len)) return undefined;
  const cut = cutBehind(Math.max(getExtension(type.value, model_max_len), MAX_MATCHED));
  // That rule does not count white space around a text.
  return (text) => (cut(text) === text ? text : cut(text.trim()));
}

/** The rule `model_pattern` does not look at texts that are longer. */
const MAX_MATCHED = 1024;

/** Rules of an item stand in the rules of its list. */
function rulesOf(field: DescField): FieldRules {
  const rules = getOption(field, fieldRules);
  return rules.type.case === "repeated" && rules.type.value.items ? rules.type.value.items : rules;
}

/** Cuts a text of more than `limit` characters; a character is at most two units long. */
const cutBehind =
  (limit: number): Bound =>
  (text) =>
    text.length > 2 * limit + 2 ? text.slice(0, 2 * limit + 2) : text;
