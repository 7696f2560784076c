import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";

/** A field that a parameter name addresses. */
export interface FieldTarget {
  /** From the root message down; never empty. */
  readonly path: readonly [DescField, ...DescField[]];
  readonly last: DescField;
  /** Proto names with dots, one for all spellings. */
  readonly key: string;
  /** `name[key]=value` addresses one entry of a map. */
  readonly mapKey?: string;
  /** `name[key]=value` addresses one member of a JSON object. */
  readonly jsonKey?: string;
  /** What stands in brackets behind the name of a field that has no members of its own. */
  readonly index?: string;
  /** Why nothing can be given under this name. */
  readonly refusal?: string;
  /** Why the field cannot be given as text. */
  readonly textRefusal?: string;
}

const longestRememberedName = 128;
const mostRememberedNames = 512;

/** Looks up parameter names (`child.size`, `customName`, `tags[]`, `attrs[key]`) in a message type; remembers what it found. */
export class FieldNames {
  private readonly known = new Map<string, FieldTarget | undefined>();

  constructor(private readonly root: DescMessage) {}

  /** Undefined when there is no such field. */
  find(name: string): FieldTarget | undefined {
    if (this.known.has(name)) return this.known.get(name);
    const target = resolve(this.root, name);
    // Strangers choose the names, so the memory is bounded.
    if (name.length <= longestRememberedName && this.known.size < mostRememberedNames) {
      this.known.set(name, target);
    }
    return target;
  }
}

/** Follows proto or JSON names from a message type; undefined when one does not exist. */
export function fieldPathOf(
  root: DescMessage,
  names: readonly string[],
): [DescField, ...DescField[]] | undefined {
  const [head, ...rest] = names;
  const first = head === undefined ? undefined : fieldOf(root, head);
  if (first === undefined) return undefined;
  const path: [DescField, ...DescField[]] = [first];
  for (const name of rest) {
    const next = path.at(-1)?.message && fieldOf(messageOf(path), name);
    if (next === undefined) return undefined;
    path.push(next);
  }
  return path;
}

const byName = new WeakMap<DescMessage, Map<string, DescField>>();

/** A field by its proto or JSON name. */
export function fieldOf(message: DescMessage, name: string): DescField | undefined {
  let fields = byName.get(message);
  if (fields === undefined) {
    fields = new Map();
    for (const field of message.fields) fields.set(field.jsonName, field);
    for (const field of message.fields) fields.set(field.name, field);
    byName.set(message, fields);
  }
  return fields.get(name);
}

/** Whether a file can be put there: bytes or a message, single or in a list. */
export function canHoldFile({ last, refusal }: FieldTarget): boolean {
  if (refusal !== undefined || last.fieldKind === "map") return false;
  return last.scalar === ScalarType.BYTES || last.message !== undefined;
}

/** A message whose JSON form is not an object of its fields. */
export const isWellKnown = (message: DescMessage): boolean =>
  isWrapperDesc(message) || withOwnJson.has(message.typeName);

/** Well-known types that a text can carry, besides the wrappers. */
const textual = new Set([
  "google.protobuf.Timestamp",
  "google.protobuf.Duration",
  "google.protobuf.FieldMask",
  "google.protobuf.Struct",
  "google.protobuf.Value",
]);

const withOwnJson = new Set([...textual, "google.protobuf.ListValue", "google.protobuf.Any"]);

const bracketed = /^([^[\]]+)\[([^\]]*)\]$/s;

function resolve(root: DescMessage, name: string): FieldTarget | undefined {
  const [, base = name, inBrackets] = bracketed.exec(name) ?? [];
  const names = base.split(".");
  const known = longestKnown(root, names);
  if (known === undefined) return undefined;
  const { path, walkedInto } = known;
  const last = path[path.length - 1] ?? path[0];
  const key = path.map((field) => field.name).join(".");
  const found = { path, last, key };
  if (walkedInto) return { ...found, refusal: "has no fields of its own in a parameter name" };
  if (inBrackets === undefined || (inBrackets === "" && last.fieldKind === "list")) {
    const textRefusal = textRefusalOf(last);
    return textRefusal === undefined ? found : { ...found, textRefusal };
  }
  if (isJsonField(last)) return { ...found, jsonKey: inBrackets };
  if (last.fieldKind !== "map") return { ...found, refusal: "takes no index", index: inBrackets };
  if (last.mapKind === "message" && !isTextual(last.message)) {
    return { ...found, refusal: "holds messages, which no text can carry" };
  }
  return { ...found, mapKey: inBrackets };
}

/** The fields as far as they may be walked; `walkedInto` when the name goes on beneath a scalar, list, map or well-known type. */
function longestKnown(root: DescMessage, names: readonly string[]) {
  const first = fieldOf(root, names[0] ?? "");
  if (first === undefined) return undefined;
  const path: [DescField, ...DescField[]] = [first];
  for (const name of names.slice(1)) {
    const parent = path[path.length - 1] ?? first;
    if (parent.fieldKind !== "message" || isWellKnown(parent.message)) return { path, walkedInto: true };
    const field = fieldOf(parent.message, name);
    if (field === undefined) return undefined;
    path.push(field);
  }
  return { path, walkedInto: false };
}

/** A field that holds any JSON, or any JSON object. */
const isJsonField = (field: DescField): boolean =>
  field.fieldKind === "message" &&
  ["google.protobuf.Struct", "google.protobuf.Value"].includes(field.message.typeName);

function textRefusalOf(field: DescField): string | undefined {
  if (field.fieldKind === "map") return "is a map and needs a key";
  if (field.message !== undefined && !isTextual(field.message))
    return "is a message, which no text can carry";
  return undefined;
}

const isTextual = (message: DescMessage): boolean => isWrapperDesc(message) || textual.has(message.typeName);

function messageOf(path: readonly DescField[]): DescMessage {
  const message = path.at(-1)?.message;
  if (message === undefined) throw new Error(`${path.at(-1)?.name} is not a message`);
  return message;
}
