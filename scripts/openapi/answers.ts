import { type DescField, type DescMessage, getOption } from "@bufbuild/protobuf";
import { field as fieldRules } from "../../gen/barong/options/v1/options_pb.js";
import { commentOf } from "./comments.js";
import type { Components } from "./components.js";
import { exampleOf } from "./examples.js";
import { given, type Node } from "./json.js";
import { fieldValue } from "./values.js";

/** The schema of a message in an answer: exactly these members. */
export const answerSchema = (message: DescMessage, components: Components): Node =>
  components.referToMessage("answer", message, () => ({
    type: "object",
    description: commentOf(message),
    properties: Object.fromEntries(message.fields.map((field) => [field.name, member(field, components)])),
    required: message.fields.filter(isAlwaysThere).map(({ name }) => name),
    additionalProperties: false,
  }));

/** The schema of a field that is an answer of its own. */
export const answerField = (field: DescField, components: Components): Node =>
  fieldValue(field, components, (message) => answerSchema(message, components));

/** Messages are always there, unless the schema calls them optional. */
const isAlwaysThere = (field: DescField): boolean =>
  getOption(field, fieldRules).nullWhenUnset || (!field.proto.proto3Optional && field.oneof === undefined);

function member(field: DescField, components: Components): Node {
  const value = answerField(field, components);
  const isNullable = getOption(field, fieldRules).nullWhenUnset;
  const { type, ...rest } = value;
  const nullable = typeof type === "string" ? { type: [type, "null"], ...rest } : { anyOf: [value, NULL] };
  const comment = commentOf(field);
  const example = exampleOf(field);
  return given({
    ...(isNullable ? nullable : value),
    description: comment === "" ? undefined : comment,
    examples: example === undefined ? value.examples : [example],
  });
}

const NULL = { type: "null" };
