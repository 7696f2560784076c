import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../platform/failure.js";
import { excessOf } from "../transcoding/json.js";

/**
 * What a request may have in all: fields, elements of lists and entries of maps. The largest request that clients send has a few hundred, and
 * each becomes an object many times longer than its bytes.
 */
export const MAX_NODES = 10_000;

/** Messages inside each other. */
export const MAX_DEPTH = 100;

/** Throws Failure(REQUEST_TOO_COMPLEX) for JSON with more values than a request may have, MALFORMED_BODY for JSON that is nested deeper. */
export function boundJson(text: string): void {
  const excess = excessOf(text, { jsonDepth: MAX_DEPTH, jsonNodes: MAX_NODES });
  if (excess !== undefined) throw excess === "depth" ? tooDeep() : tooComplex();
}

/**
 * Throws Failure(REQUEST_TOO_COMPLEX) for a message with more elements than a request may have, MALFORMED_BODY for one that is nested deeper.
 * Counts over the wire format before anything is built from it, in time proportional to the bytes at most. Bytes that are no message are left to
 * the decoder.
 */
export function boundMessage(schema: DescMessage, bytes: Uint8Array): void {
  new Counter(bytes).message(schema, 0, bytes.length, 0);
}

const tooComplex = (): Failure => new Failure(ErrorReason.REQUEST_TOO_COMPLEX);
const tooDeep = (): Failure => new Failure(ErrorReason.MALFORMED_BODY);

/** The position of what cannot be read: nothing behind it is counted. */
const UNREADABLE = -1;

class Counter {
  private nodes = 0;
  /** The number that was read last; large ones are rounded, which lengths of requests never are. */
  private value = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** Counts the fields between two positions; returns the position behind them, which in a group is behind its end. */
  message(schema: DescMessage | undefined, from: number, end: number, depth: number): number {
    if (depth > MAX_DEPTH) throw tooDeep();
    let at = from;
    while (at !== UNREADABLE && at < end) {
      at = this.varint(at, end);
      if (at === UNREADABLE) return UNREADABLE;
      const wireType = this.value & 7;
      if (wireType === WireType.EndGroup) return at;
      const field = schema === undefined ? undefined : fieldsOf(schema).get(Math.floor(this.value / 8));
      this.count(1);
      at = this.field(field, wireType, at, end, depth);
    }
    return at;
  }

  private field(field: DescField | undefined, type: number, at: number, end: number, depth: number): number {
    switch (type) {
      case WireType.Varint:
        return this.varint(at, end);
      case WireType.Bit64:
        return at + 8;
      case WireType.Bit32:
        return at + 4;
      case WireType.LengthDelimited:
        return this.lengthDelimited(field, at, end, depth);
      case WireType.StartGroup:
        return this.message(field?.message, at, end, depth + 1);
      default:
        return UNREADABLE;
    }
  }

  private lengthDelimited(field: DescField | undefined, at: number, end: number, depth: number): number {
    const start = this.varint(at, end);
    if (start === UNREADABLE) return UNREADABLE;
    const next = start + this.value;
    if (next > end) return UNREADABLE;
    if (field?.fieldKind === "map") this.mapEntry(field, start, next, depth + 1);
    else if (field?.message !== undefined) this.message(field.message, start, next, depth + 1);
    else if (field?.fieldKind === "list" && !isText(field.scalar)) this.packed(field, start, next);
    return next;
  }

  /** A key, and a value that may be a message. */
  private mapEntry(field: DescField & { fieldKind: "map" }, from: number, end: number, depth: number): void {
    let at = from;
    while (at !== UNREADABLE && at < end) {
      at = this.varint(at, end);
      if (at === UNREADABLE) return;
      const isMessage = field.mapKind === "message" && this.value === MAP_MESSAGE_TAG;
      this.count(1);
      if (!isMessage) at = this.field(undefined, this.value & 7, at, end, depth);
      else {
        const start = this.varint(at, end);
        if (start === UNREADABLE || start + this.value > end) return;
        at = start + this.value;
        this.message(field.message, start, at, depth + 1);
      }
    }
  }

  private packed({ scalar }: DescField, from: number, end: number): void {
    const size = FIXED_SIZES.get(scalar ?? ScalarType.INT32);
    if (size !== undefined) this.count(Math.floor((end - from) / size));
    // The last byte of a varint has no bit for "more".
    else for (let at = from; at < end; at++) if ((this.bytes[at] ?? 0) < 0x80) this.count(1);
  }

  private count(nodes: number): void {
    this.nodes += nodes;
    if (this.nodes > MAX_NODES) throw tooComplex();
  }

  /** Reads a number into `value`; returns the position behind it. */
  private varint(from: number, end: number): number {
    let value = 0;
    let weight = 1;
    for (let at = from; at < end && at < from + 10; at++) {
      const byte = this.bytes[at] ?? 0;
      value += (byte & 0x7f) * weight;
      weight *= 128;
      if (byte < 0x80) {
        this.value = value;
        return at + 1;
      }
    }
    return UNREADABLE;
  }
}

/** Field 2, with a length. */
const MAP_MESSAGE_TAG = (2 << 3) | WireType.LengthDelimited;

const isText = (scalar: ScalarType | undefined): boolean =>
  scalar === ScalarType.STRING || scalar === ScalarType.BYTES;

const FIXED_SIZES: ReadonlyMap<ScalarType, number> = new Map([
  [ScalarType.DOUBLE, 8],
  [ScalarType.FIXED64, 8],
  [ScalarType.SFIXED64, 8],
  [ScalarType.FLOAT, 4],
  [ScalarType.FIXED32, 4],
  [ScalarType.SFIXED32, 4],
]);

const byNumber = new WeakMap<DescMessage, ReadonlyMap<number, DescField>>();

function fieldsOf(message: DescMessage): ReadonlyMap<number, DescField> {
  let fields = byNumber.get(message);
  if (fields === undefined) {
    fields = new Map(message.fields.map((field) => [field.number, field]));
    byNumber.set(message, fields);
  }
  return fields;
}
