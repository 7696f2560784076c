import {
  type DescEnum,
  type DescField,
  type DescMessage,
  getOption,
  type Message,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import {
  isWrapperDesc,
  StructSchema,
  type Timestamp,
  TimestampSchema,
  timestampDate,
} from "@bufbuild/protobuf/wkt";
import { field as fieldRules } from "../../gen/barong/options/v1/options_pb.js";
import { wordOf } from "../transcoding/enum-words.js";

/** Writes one value of a known kind as JSON text. */
type Write = (value: unknown) => string;
/** Writes a field as `,"name":value`; "" when it is left out. */
type WriteField = (members: Members) => string;
type Members = Readonly<Record<string, unknown>>;

const writers = new WeakMap<DescMessage, Write>();

/**
 * The writer of a message type's REST face: snake_case names, 64-bit integers as numbers, enum values as words without the prefix of
 * their type, times as `2019-02-26T10:44:08Z`. Fields without presence are always there, others when they are set or declared to be
 * null otherwise.
 */
export function messageWriter(schema: DescMessage): Write {
  const known = writers.get(schema);
  if (known) return known;
  let write: Write = () => "null";
  // Before its fields are looked at, as a message may contain its own type.
  writers.set(schema, (value) => write(value));
  write = specialWriter(schema) ?? objectWriter(schema);
  writers.set(schema, write);
  return write;
}

const fieldWriters = new WeakMap<DescField, (message: Message) => string>();

/** The writer of one field of a message, as an answer of its own; an unset one is `null`. */
export function soleFieldWriter(field: DescField): (message: Message) => string {
  const known = fieldWriters.get(field);
  if (known) return known;
  const write = valueWriter(field);
  const read = readerOf(field);
  const writeSole = (message: Message) => {
    const value = read(message as unknown as Members);
    return value === undefined ? "null" : write(value);
  };
  fieldWriters.set(field, writeSole);
  return writeSole;
}

function objectWriter(schema: DescMessage): Write {
  const fields = schema.fields.map(fieldWriter);
  return (message) => {
    let text = "";
    for (const field of fields) text += field(message as Members);
    return text === "" ? "{}" : `{${text.slice(1)}}`;
  };
}

function fieldWriter(field: DescField): WriteField {
  const name = `,${JSON.stringify(field.name)}:`;
  const write = valueWriter(field);
  const read = readerOf(field);
  const unset = getOption(field, fieldRules).nullWhenUnset ? `${name}null` : "";
  return (members) => {
    const value = read(members);
    return value === undefined ? unset : name + write(value);
  };
}

/** Answers undefined for what is unset. */
function readerOf(field: DescField): (members: Members) => unknown {
  const { localName, oneof } = field;
  if (!oneof) return (members) => members[localName];
  return (members) => {
    const chosen = members[oneof.localName] as { case?: string; value?: unknown };
    return chosen.case === localName ? chosen.value : undefined;
  };
}

function valueWriter(field: DescField): Write {
  switch (field.fieldKind) {
    case "list":
      return listWriter(elementWriter(field.listKind, field));
    case "map":
      return mapWriter(elementWriter(field.mapKind, field));
    case "message":
      return isTime(field.message) && getOption(field, fieldRules).milliseconds
        ? preciseTimeText
        : fieldMessageWriter(field.message);
    default:
      return elementWriter(field.fieldKind, field);
  }
}

type Element = Pick<DescField, "message" | "enum" | "scalar">;

function elementWriter(kind: "message" | "enum" | "scalar", element: Element): Write {
  if (kind === "message" && element.message) return messageWriter(element.message);
  if (kind === "enum" && element.enum) return enumWriter(element.enum);
  return scalarWriter(element.scalar);
}

const listWriter =
  (write: Write): Write =>
  (list) =>
    `[${(list as readonly unknown[]).map(write).join()}]`;

const mapWriter =
  (write: Write): Write =>
  (map) =>
    `{${Object.entries(map as Members)
      .map(([key, value]) => `${JSON.stringify(key)}:${write(value)}`)
      .join()}}`;

function scalarWriter(scalar: ScalarType | undefined): Write {
  switch (scalar) {
    case ScalarType.STRING:
      return (text) => JSON.stringify(text);
    case ScalarType.BYTES:
      return (bytes) => `"${base64Encode(bytes as Uint8Array)}"`;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      // JSON has no word for these, so they are texts, as in ProtoJSON.
      return (number) => (Number.isFinite(number) ? String(number) : `"${String(number)}"`);
    default:
      return String;
  }
}

function enumWriter({ values }: DescEnum): Write {
  const words = new Map(values.map((value) => [value.number, JSON.stringify(wordOf(value))]));
  // A number that the schema does not know stays a number.
  return (number) => words.get(number as number) ?? String(number);
}

/** Some well-known types lie in a field of their own without their message. */
function fieldMessageWriter(schema: DescMessage): Write {
  if (schema.typeName === StructSchema.typeName) return (json) => JSON.stringify(json);
  if (!isWrapperDesc(schema)) return messageWriter(schema);
  const [value] = schema.fields;
  return value ? valueWriter(value) : String;
}

/** Messages whose JSON is not an object of their fields. */
function specialWriter(schema: DescMessage): Write | undefined {
  if (isTime(schema)) return timeText;
  if (!schema.typeName.startsWith("google.protobuf.")) return undefined;
  return (message) => JSON.stringify(toJson(schema, message as Message));
}

const isTime = ({ typeName }: DescMessage): boolean => typeName === TimestampSchema.typeName;

const preciseTimeText: Write = (time) => `"${timestampDate(time as Timestamp).toISOString()}"`;

const timeText: Write = (time) => preciseTimeText(time).replace(/\.\d+Z"$/, 'Z"');
