import { type DescField, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { isWellKnown } from "./fields.js";
import { isJsonObject, type JsonFields } from "./json.js";
import type { Binding, PathVariable } from "./rules.js";
import { type Segment, segmentText } from "./template.js";

/** The HTTP form of a request message, as a client of the rule would send it. */
export interface EncodedRequest {
  readonly path: string;
  /** By JSON name with dots; a repeated field has several values. */
  readonly query: Readonly<Record<string, readonly string[]>>;
  readonly body?: JsonValue;
}

/** A message that the rule cannot carry. */
export class EncodeError extends Error {
  override readonly name = "EncodeError";
}

/** The client's side of a rule. Throws EncodeError when the path lacks a value or the query cannot hold one. */
export function encodeRequest(binding: Binding, message: Message): EncodedRequest {
  const schema = binding.method.input;
  const path = encodePath(binding, message);
  const json = toJson(schema, message) as JsonFields;
  for (const { target } of binding.variables) drop(json, target.path);
  const { body } = binding;
  if (body === "*") return { path, query: {}, body: json };
  const bodyJson = body && json[body.jsonName];
  if (body !== undefined) delete json[body.jsonName];
  const query = Object.fromEntries(queryOf(schema.fields, json, ""));
  return bodyJson === undefined ? { path, query } : { path, query, body: bodyJson };
}

function encodePath(binding: Binding, message: Message): string {
  const { segments, verbSource } = binding.template;
  const parts: string[] = [];
  for (let at = 0; at < segments.length; at++) {
    const variable = binding.variables.find((each) => each.variable.start === at);
    const segment = segments[at];
    if (variable !== undefined) {
      parts.push(encodeVariable(binding, variable, message));
      at = variable.variable.end - 1;
    } else if (segment?.kind === "literal") parts.push(segment.source);
    else throw new EncodeError("a wildcard outside of a variable cannot be filled");
  }
  return `/${parts.join("/")}${verbSource && `:${verbSource}`}`;
}

function encodeVariable(binding: Binding, { variable, target }: PathVariable, message: Message): string {
  const text = textOf(binding, target.path, message);
  const covered = binding.template.segments.slice(variable.start, variable.end);
  if (covered.length === 1 && covered[0]?.kind !== "rest") {
    if (text === "") throw new EncodeError(`"${target.key}" is empty`);
    return escapeText(text);
  }
  const pieces = text.split("/");
  if (!fits(covered, pieces)) {
    throw new EncodeError(`"${target.key}" does not have the form ${covered.map(segmentText).join("/")}`);
  }
  // What was kept as %2F when the path was read goes back as it is.
  return pieces.map((piece) => piece.split(/%2f/i).map(escapeText).join("%2F")).join("/");
}

function fits(covered: readonly Segment[], pieces: readonly string[]): boolean {
  const rest = covered.findIndex(({ kind }) => kind === "rest");
  if (rest === -1 && covered.length !== pieces.length) return false;
  if (rest !== -1 && pieces.length < covered.length - 1) return false;
  return covered.every((segment, index) => {
    const piece = rest !== -1 && index > rest ? pieces.at(index - covered.length) : pieces[index];
    if (segment.kind === "rest") return true;
    return segment.kind === "literal" ? piece === segment.text : piece !== undefined && piece !== "";
  });
}

function textOf(binding: Binding, path: readonly DescField[], message: Message): string {
  let holder = reflect(binding.method.input, message);
  for (const field of path) {
    if (field.fieldKind === "message") {
      if (!holder.isSet(field)) throw new EncodeError(`"${field.name}" is missing`);
      holder = holder.get(field);
    } else return String(holder.get(field));
  }
  return "";
}

const escapeText = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

function drop(json: JsonValue | undefined, [field, ...beneath]: readonly DescField[]): void {
  if (field === undefined || !isJsonObject(json)) return;
  if (beneath.length === 0) delete json[field.jsonName];
  else drop(json[field.jsonName], beneath);
}

function* queryOf(
  fields: readonly DescField[],
  json: JsonFields,
  prefix: string,
): Generator<[string, readonly string[]]> {
  for (const field of fields) {
    const value = json[field.jsonName];
    if (value === undefined) continue;
    const name = prefix + field.jsonName;
    if (field.fieldKind === "map") throw new EncodeError(`"${name}" is a map, which no query holds`);
    const isOpen = field.message !== undefined && !isWellKnown(field.message);
    if (isOpen && isJsonObject(value)) yield* queryOf(field.message.fields, value, `${name}.`);
    else if (isOpen) throw new EncodeError(`"${name}" is a list of messages, which no query holds`);
    else yield [name, (Array.isArray(value) ? value : [value]).map(queryText)];
  }
}

const queryText = (value: JsonValue): string =>
  typeof value === "object" ? JSON.stringify(value) : String(value);
