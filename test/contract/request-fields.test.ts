import {
  type DescField,
  type DescMessage,
  getExtension,
  getOption,
  hasExtension,
  ScalarType,
} from "@bufbuild/protobuf";
import { field as fieldRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { expect, test } from "vitest";
import { field as ourRules } from "../../gen/barong/options/v1/options_pb.js";
import { model_inclusion, model_max_len } from "../../gen/barong/options/v1/rules_pb.js";
import { servicesOfSchema } from "../support/schema-services.js";

const methods = (await servicesOfSchema())
  .filter(({ typeName }) => typeName.startsWith("barong."))
  .flatMap(({ methods }) => methods);

/** The fields of a message and of all messages inside it, but for those of Google's own types. */
function fieldsOf(message: DescMessage, seen = new Set<string>()): DescField[] {
  if (seen.has(message.typeName) || message.typeName.startsWith("google.")) return [];
  seen.add(message.typeName);
  return message.fields.flatMap((field) => [
    field,
    ...(field.message === undefined ? [] : fieldsOf(field.message, seen)),
  ]);
}

const requestFields = [...new Set(methods.flatMap(({ input }) => fieldsOf(input)))];
const nameOf = (field: DescField) => `${field.parent.typeName}.${field.name}`;

/** Bounded by their form, or by a list of what they may be. */
function isBoundedText(field: DescField): boolean {
  const { type, cel } = getOption(field, fieldRules);
  if (cel.some(({ expression }) => /^this\.matches\('\^[^*+]*\$'\)$/.test(expression))) return true;
  const rules = type.case === "repeated" ? type.value.items?.type : type;
  if (rules?.case !== "string") return false;
  const { value } = rules;
  if (value.maxLen > 0n || value.maxBytes > 0n || value.len > 0n || value.in.length > 0) return true;
  return hasExtension(value, model_max_len) || getExtension(value, model_inclusion).length > 0;
}

test("every text of a request has a greatest length", () => {
  const unbounded = requestFields.filter(
    (field) =>
      field.scalar === ScalarType.STRING &&
      field.fieldKind !== "map" &&
      !isBoundedText(field) &&
      !isOfEnvoy(field),
  );

  expect(unbounded.map(nameOf)).toEqual([]);
});

test("every list of a request has a greatest number of items", () => {
  const unbounded = requestFields.filter((field) => {
    if (field.fieldKind !== "list" || isOfEnvoy(field)) return false;
    const { type } = getOption(field, fieldRules);
    const hasMost = type.case === "repeated" && type.value.maxItems > 0n;
    return !hasMost && getOption(field, ourRules).files === undefined;
  });

  expect(unbounded.map(nameOf)).toEqual([]);
});

/** Envoy's own messages have no rules of ours; they are bounded as a whole. */
const isOfEnvoy = (field: DescField) => field.parent.typeName.startsWith("envoy.");
