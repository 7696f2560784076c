import { type DescEnum, type DescField, type DescMessage, getOption, ScalarType } from "@bufbuild/protobuf";
import { field as fieldRules } from "../../gen/barong/options/v1/options_pb.js";
import { wordOf } from "../../src/transcoding/enum-words.js";
import { commentOf } from "./comments.js";
import { type Components, componentName } from "./components.js";
import type { Node } from "./json.js";

/** How the message types inside a value are described. */
export type Describe = (message: DescMessage) => Node;

/** The JSON of a field over REST, without what its rules say. */
export function fieldValue(field: DescField, components: Components, describe: Describe): Node {
  const one = () => elementOf(field, components, describe);
  if (field.fieldKind === "list") return { type: "array", items: one() };
  if (field.fieldKind === "map") return { type: "object", additionalProperties: one() };
  return one();
}

function elementOf(field: DescField, components: Components, describe: Describe): Node {
  if (field.enum !== undefined) return enumOf(field.enum, components);
  if (field.message !== undefined) return messageOf(field, field.message, describe);
  return scalarOf(field.scalar);
}

function enumOf(type: DescEnum, components: Components): Node {
  return components.refer("schemas", componentName(type), () => {
    const values = type.values.filter(({ number }) => number !== 0);
    const told = values.flatMap((value) => {
      const comment = commentOf(value);
      return comment === "" ? [] : [`- \`${wordOf(value)}\`: ${comment}`];
    });
    return {
      type: "string",
      description: [commentOf(type), ...(told.length > 0 ? [told.join("\n")] : [])].join("\n\n"),
      enum: values.map(wordOf),
    };
  });
}

function messageOf(field: DescField, message: DescMessage, describe: Describe): Node {
  switch (message.typeName) {
    case "google.protobuf.Timestamp":
      return getOption(field, fieldRules).milliseconds ? MILLISECONDS : SECONDS;
    case "google.protobuf.Struct":
      return { type: "object", additionalProperties: true };
    case "google.protobuf.Value":
      return {};
    default:
      if (message.typeName.startsWith("google.")) throw new Error(`${field} is a ${message.typeName}`);
      return describe(message);
  }
}

const time = (pattern: string, example: string): Node => ({
  type: "string",
  format: "date-time",
  pattern,
  examples: [example],
});

const DAY_AND_TIME = "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d";
const SECONDS = time(`${DAY_AND_TIME}Z$`, "2026-03-14T09:26:53Z");
const MILLISECONDS = time(`${DAY_AND_TIME}\\.\\d{3}Z$`, "2026-03-14T09:26:53.589Z");

function scalarOf(scalar: ScalarType | undefined): Node {
  switch (scalar) {
    case ScalarType.STRING:
      return { type: "string" };
    case ScalarType.BYTES:
      return { type: "string", contentEncoding: "base64" };
    case ScalarType.BOOL:
      return { type: "boolean" };
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return { type: "number" };
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return { type: "integer", format: "int32" };
    default:
      return { type: "integer", format: "int64" };
  }
}
