import { type DescField, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { textOf } from "./body.js";
import { valueNamed } from "./enum-words.js";
import { TranscodingError } from "./error.js";
import type { DecodePolicy } from "./incoming.js";
import { isJsonObject, type JsonFields, parseJson } from "./json.js";
import type { Binding } from "./rules.js";
import { isBlank } from "./violations.js";

export const isJsonType = (type: string): boolean =>
  type === "application/json" || type === "text/json" || type.endsWith("+json");

/** Parses the bytes of a JSON body. Throws TranscodingError ("malformed_body"). */
export const jsonOfBytes = (body: Buffer, policy: DecodePolicy): JsonValue => parseJson(textOf(body), policy);

/** The JSON of a body as the JSON of the input message, which it changes. Throws TranscodingError ("malformed_body"). */
export function inputJson(binding: Binding, json: JsonValue, policy: DecodePolicy): JsonFields {
  const { body } = binding;
  const whole = typeof body === "object" ? { [body.jsonName]: json } : json;
  if (!isJsonObject(whole)) throw new TranscodingError("malformed_body", "the JSON is not an object");
  for (const { target } of binding.variables) dropField(whole, target.path);
  readHabits(binding, json, policy);
  return whole;
}

/** Removes what the path gives, so that a bad value there does no harm either. */
function dropField(json: JsonValue | undefined, [field, ...beneath]: readonly DescField[]): void {
  if (field === undefined || !isJsonObject(json)) return;
  for (const name of [field.jsonName, field.name]) {
    if (!Object.hasOwn(json, name)) continue;
    if (beneath.length === 0) delete json[name];
    else dropField(json[name], beneath);
  }
}

/** Rewrites what JSON clients do at the top of a body beyond ProtoJSON: words for enum values, blanks and nulls. */
function readHabits({ body, method }: Binding, json: JsonValue, policy: DecodePolicy): void {
  const schema = typeof body === "object" ? body.message : method.input;
  if (schema === undefined || !isJsonObject(json)) return;
  for (const field of schema.fields) {
    for (const name of new Set([field.jsonName, field.name])) {
      if (Object.hasOwn(json, name)) readHabit(field, name, json, policy);
    }
  }
}

function readHabit(
  field: DescField,
  name: string,
  json: JsonFields,
  { nullMeansEmpty, blankIsUnset, jsonAsText, enumWords }: DecodePolicy,
): void {
  const value = json[name];
  if (value === null && mayBeEmpty(field) && nullMeansEmpty(field)) json[name] = "";
  else if (isBlank(value) && blankIsUnset(field)) delete json[name];
  else if (value !== undefined && typeof value !== "string" && jsonAsText(field))
    json[name] = textOfJson(value);
  else if (enumWords && field.fieldKind === "enum") {
    if (typeof value === "string") json[name] = valueNamed(field.enum, value)?.number ?? value;
    // A number is no word: as a text it is refused like any other that is none.
    if (typeof value === "number") json[name] = String(value);
  }
}

const textOfJson = (value: JsonValue): string =>
  value === null || value === false || (typeof value === "object" && Object.keys(value).length === 0)
    ? ""
    : JSON.stringify(value);

const mayBeEmpty = (field: DescField): boolean =>
  field.fieldKind === "scalar" &&
  field.scalar === ScalarType.STRING &&
  field.oneof === undefined &&
  field.presence === FeatureSet_FieldPresence.EXPLICIT;
