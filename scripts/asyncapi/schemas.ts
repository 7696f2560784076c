import { type DescField, type DescMessage, getOption, ScalarType } from "@bufbuild/protobuf";
import { event as eventRules } from "../../gen/barong/options/v1/options_pb.js";
import { commentOf } from "../openapi/comments.js";
import { given, type Node } from "../openapi/json.js";

/** The name of the event that a message tells; empty for a part of one. */
export const eventNameOf = (message: DescMessage): string => getOption(message, eventRules).name;

/** A message as JSON of an event: all of these members are there but the optional ones; later versions may tell more. */
export function schemaOf(message: DescMessage): Node {
  const required = message.fields.filter(({ proto }) => !proto.proto3Optional).map(({ name }) => name);
  return {
    type: "object",
    description: commentOf(message),
    properties: Object.fromEntries(message.fields.map((field) => [field.name, memberOf(field)])),
    ...(required.length > 0 && { required }),
  };
}

/** The messages that a message is made of, itself not counted. */
export const partsOf = (message: DescMessage): DescMessage[] =>
  message.fields.flatMap((field) =>
    field.fieldKind === "message" ? [field.message, ...partsOf(field.message)] : [],
  );

function memberOf(field: DescField): Node {
  if (field.fieldKind === "message") return { $ref: `#/components/schemas/${field.message.name}` };
  const comment = commentOf(field);
  return given({ ...typeOf(field), description: comment === "" ? undefined : comment });
}

function typeOf(field: DescField): Node {
  if (field.fieldKind === "scalar") {
    if (field.scalar === ScalarType.STRING) return { type: "string" };
    if (field.scalar === ScalarType.BOOL) return { type: "boolean" };
    if (field.scalar === ScalarType.INT32) return { type: "integer", format: "int32" };
  }
  throw new Error(`${field.parent.typeName}.${field.name} is of a type that events have not had so far`);
}
