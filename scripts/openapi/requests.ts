import { type DescField, type DescMessage, getOption } from "@bufbuild/protobuf";
import {
  type Int32Rules,
  type Int64Rules,
  field as validateRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { field as fieldRules } from "../../gen/barong/options/v1/options_pb.js";
import { isRequired } from "../../src/wire/steps/rules.js";
import { commentOf } from "./comments.js";
import type { Components } from "./components.js";
import { exampleOf } from "./examples.js";
import { given, type Node } from "./json.js";
import { textSchema } from "./text-rules.js";
import { fieldValue } from "./values.js";

/** The schema of a message in a request. Members that it does not name are ignored by the server. */
export const requestSchema = (message: DescMessage, components: Components): Node =>
  components.referToMessage("request", message, () => ({
    ...objectOf(message.fields, message.fields.filter(isRequired), components),
    description: commentOf(message),
  }));

/** An object with fields of a request as members, some of which are needed. */
export const objectOf = (
  fields: readonly DescField[],
  needed: readonly DescField[],
  components: Components,
): Node =>
  given({
    type: "object",
    properties: Object.fromEntries(fields.map((field) => [field.name, requestField(field, components)])),
    required: needed.length > 0 ? needed.map(({ name }) => name) : undefined,
  });

/** What a request may hold in a field. */
function requestField(field: DescField, components: Components): Node {
  const { description, ...schema } = requestValue(field, components);
  const { blankIsUnset, jsonAsText } = getOption(field, fieldRules);
  if (jsonAsText) return given({ anyOf: [schema, { not: { type: "string" } }], description });
  return given({ ...(blankIsUnset ? { anyOf: [schema, { const: "" }] } : schema), description });
}

/** What a request may hold in a field, blank texts aside. */
export function requestValue(field: DescField, components: Components): Node {
  const value = fieldValue(field, components, (message) => requestSchema(message, components));
  const comment = commentOf(field);
  const example = exampleOf(field);
  return given({
    ...value,
    ...rulesOf(field),
    description: comment === "" ? undefined : comment,
    examples: example === undefined ? undefined : [example],
  });
}

/** What the rules of a field say, beyond its being required. */
function rulesOf(field: DescField): Node {
  const { cel, type, required } = getOption(field, validateRules);
  if (field.fieldKind === "list") {
    const { files } = getOption(field, fieldRules);
    return given({ minItems: required ? 1 : undefined, maxItems: files?.maxFiles || undefined });
  }
  switch (type.case) {
    case "string":
      return textSchema(
        type.value,
        cel.map(({ expression }) => patternIn(expression)),
      );
    case "int32":
    case "int64":
      return numberSchema(type.value);
    case "enum":
      if (type.value.in.length > 0) throw new Error(`${field}: the rule enum.in has no words in OpenAPI yet`);
      // What the enum does not define, and the zero value, have no word over REST.
      return {};
    case "timestamp":
      // A moment that lies in the future has no word in JSON Schema.
      return {};
    case undefined:
      return cel.length > 0 ? { pattern: patternIn(cel[0]?.expression ?? "") } : {};
    default:
      throw new Error(`${field}: rules of the kind ${type.case} have no words in OpenAPI yet`);
  }
}

function numberSchema({ greaterThan, lessThan }: Int32Rules | Int64Rules): Node {
  return given({
    minimum: greaterThan.case === "gte" ? Number(greaterThan.value) : undefined,
    exclusiveMinimum: greaterThan.case === "gt" ? Number(greaterThan.value) : undefined,
    maximum: lessThan.case === "lte" ? Number(lessThan.value) : undefined,
    exclusiveMaximum: lessThan.case === "lt" ? Number(lessThan.value) : undefined,
  });
}

/** Of the rules in CEL only those have an equivalent that are a regular expression. */
function patternIn(expression: string): string {
  const [, pattern] = /^this\.matches\('([^']*)'\)$/.exec(expression) ?? [];
  if (pattern === undefined) throw new Error(`the rule "${expression}" has no words in OpenAPI yet`);
  return pattern;
}
