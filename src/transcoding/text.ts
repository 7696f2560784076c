import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type JsonValue,
  ScalarType,
} from "@bufbuild/protobuf";
import { valueNamed, wordOf } from "./enum-words.js";
import type { DecodePolicy } from "./incoming.js";
import { excessOf, type JsonBounds, parseJson } from "./json.js";

/** A text that cannot become a value of its field; the message says what was expected. */
export class TextError extends Error {
  override readonly name = "TextError";
}

export type TextReading = Pick<DecodePolicy, "jsonDepth" | "jsonNodes" | "enumWords">;

/**
 * The ProtoJSON form of a text given for a field, or for one item of a list or map. Throws TextError where the text is
 * not of the field's form; ranges and base64 are left to the JSON decoder.
 */
export function jsonOfText(field: DescField, text: string, reading: TextReading): JsonValue {
  if (field.enum !== undefined) return enumOfText(field.enum, text, reading);
  if (field.message !== undefined) return messageOfText(field.message, text, reading);
  if (field.scalar === undefined) throw new TextError("cannot be given as text");
  return scalarOfText(field.scalar, text);
}

/** Types of whole numbers. */
const WHOLE = new Set([
  ...[ScalarType.INT32, ScalarType.SINT32, ScalarType.UINT32, ScalarType.FIXED32, ScalarType.SFIXED32],
  ...[ScalarType.INT64, ScalarType.SINT64, ScalarType.UINT64, ScalarType.FIXED64, ScalarType.SFIXED64],
]);

/** As `jsonOfText`, of a segment of a path: a number has one form there, so that a rule for the path of one thing holds for it. */
export function jsonOfSegment(field: DescField, text: string, reading: TextReading): JsonValue {
  const isWhole = field.scalar !== undefined && WHOLE.has(field.scalar);
  if (isWhole && (!integer.test(text) || text === "-0")) throw new TextError("must be a whole number");
  return jsonOfText(field, text, reading);
}

const integer = /^-?(?:0|[1-9]\d*)$/;
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const wordNumber = /^(?:NaN|-?Infinity)$/;
const duration = /^-?\d+(?:\.\d{1,9})?s$/;

function scalarOfText(type: ScalarType, text: string): JsonValue {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return text;
    case ScalarType.BOOL:
      if (text === "true") return true;
      if (text === "false") return false;
      throw new TextError("must be true or false");
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      if (number.test(text) || wordNumber.test(text)) return text;
      throw new TextError("must be a number");
    default:
      return integerOfText(text);
  }
}

function integerOfText(text: string): string {
  if (integer.test(text)) return text;
  // ProtoJSON allows 1e3 and 1.0 where the value is whole.
  const value = number.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return String(value);
  throw new TextError("must be a whole number");
}

function enumOfText(type: DescEnum, text: string, { enumWords }: TextReading): JsonValue {
  if (type.typeName === "google.protobuf.NullValue" && text === "null") return null;
  const named = enumWords ? valueNamed(type, text) : type.values.find(({ name }) => name === text);
  if (named !== undefined) return named.number;
  // Where words are the custom, a number is a mistake.
  if (!enumWords && integer.test(text)) return Number(text);
  const words = type.values.map((value) => (enumWords ? wordOf(value) : value.name));
  throw new TextError(`must be one of ${words.join(", ")}`);
}

function messageOfText(type: DescMessage, text: string, reading: TextReading): JsonValue {
  switch (type.typeName) {
    case "google.protobuf.Duration":
      if (duration.test(text)) return text;
      throw new TextError("must be a duration in seconds, such as 1.5s");
    case "google.protobuf.FieldMask":
      // Clients write the names as the schema does; ProtoJSON wants lowerCamelCase.
      return text.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    case "google.protobuf.Struct":
      return parseJson(text, reading);
    case "google.protobuf.Value":
      return valueOfText(text, reading);
    case "google.protobuf.Timestamp":
      if (hasImpossibleDay(text)) throw new TextError("must be a day of the calendar");
      return text;
    default: {
      // What is left are the wrappers, whose only field is the value.
      const value = type.fields[0];
      if (value?.scalar === undefined) throw new TextError("cannot be given as text");
      return scalarOfText(value.scalar, text);
    }
  }
}

/** JSON where the text is JSON; else the text itself, as a form has no quotes to say so. */
function valueOfText(text: string, bounds: JsonBounds): JsonValue {
  const excess = excessOf(text, bounds);
  if (excess === "depth") throw new TextError(`is nested more than ${bounds.jsonDepth} levels deep`);
  if (excess === "nodes") throw new TextError(`has more than ${bounds.jsonNodes} values`);
  try {
    return parseJson(text, bounds);
  } catch {
    return text;
  }
}

/** The JSON decoder would take 30 February for 2 March. */
function hasImpossibleDay(timestamp: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})T/.exec(timestamp)?.map(Number) ?? [];
  if (year === undefined || month === undefined || day === undefined) return false;
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const last = month === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  return day > last;
}
