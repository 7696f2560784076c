import { type DescField, fromJson, type JsonObject, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { StructSchema, ValueSchema } from "@bufbuild/protobuf/wkt";
import type { Gene, GeneValue, Genome, Shape } from "./genome.js";

/** Longest request that is made; a little less than the server takes. */
export const MAX_REQUEST_BYTES = 63 * 1024;

const UNKNOWN_NUMBER = 30;
const UNKNOWN_NAME = "zz";

export function renderMessage(genome: Genome, maxBytes = MAX_REQUEST_BYTES): Uint8Array {
  const parts: Uint8Array[] = [];
  let left = maxBytes;
  for (const { field, times, value } of genome) {
    const number = field?.number ?? UNKNOWN_NUMBER;
    const content = messageValue(field, value, left);
    for (let count = 0; count < times && left > 0; count++) {
      const part =
        field?.fieldKind === "map"
          ? fieldOf(number, entryOf(`k${count}`, content))
          : fieldOf(number, content);
      left -= part.length;
      if (left >= 0) parts.push(part);
    }
  }
  return Buffer.concat(parts);
}

const fieldOf = (number: number, content: Uint8Array | number): Uint8Array =>
  typeof content === "number"
    ? new BinaryWriter().tag(number, WireType.Varint).uint32(content).finish()
    : new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(content).finish();

/** The content of a field, or the value of a number. */
function messageValue(field: DescField | undefined, value: GeneValue, maxBytes: number): Uint8Array | number {
  switch (value.kind) {
    case "message":
      return renderMessage(value.genes, maxBytes - 8);
    case "number":
      return value.digits;
    case "json": {
      const json = freeJson(value.shape, value.size, maxBytes / 8);
      const type = field?.message?.typeName;
      if (type === StructSchema.typeName) return toBinary(StructSchema, fromJson(StructSchema, { a: json }));
      if (type === ValueSchema.typeName) return toBinary(ValueSchema, fromJson(ValueSchema, json));
      return Buffer.from(JSON.stringify(json));
    }
    case "text":
      return Buffer.from(textOf(value, maxBytes));
  }
}

function entryOf(key: string, content: Uint8Array | number): Uint8Array {
  const entry = new BinaryWriter().tag(1, WireType.LengthDelimited).string(key);
  return typeof content === "number" ? entry.finish() : entry.raw(fieldOf(2, content)).finish();
}

/** As text, because it may give a member several times. */
export function renderJson(genome: Genome, maxBytes = MAX_REQUEST_BYTES): string {
  const members: string[] = [];
  let left = maxBytes - 2;
  for (const gene of genome) {
    const name = JSON.stringify(gene.field?.jsonName ?? UNKNOWN_NAME);
    const value = jsonOf(gene, left - name.length - 2);
    const member = `${name}:${value}`;
    if (member.length > left) continue;
    left -= member.length + 1;
    members.push(member);
  }
  return `{${members.join()}}`;
}

function jsonOf({ field, times, value }: Gene, maxBytes: number): string {
  const item = jsonValue(value, maxBytes - 2);
  const count = Math.min(times, Math.max(1, Math.floor(maxBytes / (item.length + 1))));
  if (times === 1 && field?.fieldKind !== "list") return item;
  return `[${new Array<string>(count).fill(item).join()}]`;
}

function jsonValue(value: GeneValue, maxBytes: number): string {
  switch (value.kind) {
    case "message":
      return renderJson(value.genes, maxBytes);
    case "number":
      return "7".repeat(Math.max(1, Math.min(value.digits, maxBytes)));
    case "json":
      return JSON.stringify(freeJson(value.shape, value.size, maxBytes));
    case "text":
      return JSON.stringify(textOf(value, maxBytes));
  }
}

/** Pairs of a form or a query. */
export function renderPairs(genome: Genome, maxBytes = MAX_REQUEST_BYTES): [string, string][] {
  const pairs: [string, string][] = [];
  let left = maxBytes;
  for (const gene of genome) {
    const { field, times, value } = gene;
    const name = field?.name ?? UNKNOWN_NAME;
    const text = value.kind === "text" ? textOf(value, left) : jsonValue(value, left);
    for (let count = 0; count < times && left > 0; count++) {
      const pair: [string, string] = value.kind === "message" ? [`${name}[k${count}]`, "1"] : [name, text];
      left -= encodeURIComponent(pair[0]).length + encodeURIComponent(pair[1]).length + 2;
      if (left >= 0) pairs.push(pair);
    }
  }
  return pairs;
}

export const encodePairs = (pairs: readonly [string, string][]): string =>
  pairs.map(([name, text]) => `${encodeURIComponent(name)}=${encodeURIComponent(text)}`).join("&");

function textOf(
  { head, unit, units, tail }: GeneValue & { kind: "text" },
  maxBytes = MAX_REQUEST_BYTES,
): string {
  const fit = Math.floor((maxBytes - 64) / Math.max(1, Buffer.byteLength(JSON.stringify(unit)) - 2));
  return head + unit.repeat(Math.max(0, Math.min(units, fit))) + tail;
}

/** Deeper JSON cannot be made a Struct; hostile nesting is a test of its own. */
const MAX_LEVELS = 45;

function freeJson(shape: Shape, size: number, maxBytes: number): JsonValue {
  const count = (bytes: number) => Math.max(0, Math.min(size, Math.floor(maxBytes / bytes) - 2));
  switch (shape) {
    case "numbers":
      return new Array<JsonValue>(count(2)).fill(1);
    case "lists":
      return new Array<JsonValue>(count(3)).fill([]);
    case "objects":
      return new Array<JsonValue>(count(3)).fill({});
    case "texts":
      return new Array<JsonValue>(count(3)).fill("");
    case "members": {
      const members: JsonObject = {};
      for (let index = 0; index < count(10); index++) members[`k${index}`] = 1;
      return members;
    }
    case "deep": {
      let json: JsonValue = [];
      for (let level = 0; level < Math.min(count(2), MAX_LEVELS); level++) json = [json];
      return json;
    }
  }
}
