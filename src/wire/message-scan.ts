import type { DescMessage } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { type FieldLayout, type Layout, layoutOf, UNKNOWN } from "./wire-format.js";

/** What a message may hold. */
export interface MessageBounds {
  /** Messages and groups inside each other, the outermost included. */
  readonly depth: number;
  /** Fields, known or not, elements of packed lists, and map entries with their keys and values. */
  readonly nodes: number;
}

/** The bound that a message exceeds, or that its bytes are no such message. */
export type MessageExcess = keyof MessageBounds | "malformed";

/**
 * Returns the first bound that an encoded message exceeds. Reads the bytes once, skips texts and bytes, and makes no objects.
 *
 * Stricter than the decoder. Of a known field, the decoder ignores the wire type; it lets a message end behind the one around it, and cuts
 * lengths to 32 bits. It would then decode other fields than were counted here, so bytes like these are malformed.
 */
export function messageExcess(
  schema: DescMessage,
  bytes: Uint8Array,
  bounds: MessageBounds,
): MessageExcess | undefined {
  const scan = new Scan(bytes, bounds);
  scan.message(layoutOf(schema), bytes.length, 1);
  return scan.excess;
}

/** Once there is an excess, every loop ends. */
class Scan {
  excess: MessageExcess | undefined;
  private at = 0;
  private nodes = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly bounds: MessageBounds,
  ) {}

  /** Reads the fields of a message up to `end`. */
  message(layout: Layout, end: number, depth: number): void {
    if (depth > this.bounds.depth) this.stop("depth");
    while (this.at < end && this.excess === undefined) this.field(layout, this.uint32(end), end, depth);
  }

  /** Reads the fields of a group up to the tag that ends it. */
  private group(layout: Layout, number: number, end: number, depth: number): void {
    if (depth > this.bounds.depth) this.stop("depth");
    while (this.excess === undefined) {
      const tag = this.uint32(end);
      if ((tag & 7) === WireType.EndGroup) {
        if (tag >>> 3 !== number) this.stop("malformed");
        return;
      }
      this.field(layout, tag, end, depth);
    }
  }

  private field(layout: Layout, tag: number, end: number, depth: number): void {
    const number = tag >>> 3;
    const wireType = tag & 7;
    if (number === 0) this.stop("malformed");
    if (this.excess !== undefined) return;
    this.count(1);
    const field = layout.get(number);
    if (field === undefined || field.wireType === wireType) this.value(field, number, wireType, end, depth);
    else if (field.isPackable && wireType === WireType.LengthDelimited)
      this.packed(field.wireType, this.lengthDelimited(end));
    else this.stop("malformed");
  }

  private value(
    field: FieldLayout | undefined,
    number: number,
    wireType: WireType,
    end: number,
    depth: number,
  ): void {
    switch (wireType) {
      case WireType.Varint:
        this.skipVarint(end);
        break;
      case WireType.Bit64:
        this.skip(8, end);
        break;
      case WireType.Bit32:
        this.skip(4, end);
        break;
      case WireType.LengthDelimited: {
        const contentEnd = this.lengthDelimited(end);
        if (field?.content) this.message(field.content(), contentEnd, field.isMapEntry ? depth : depth + 1);
        else this.at = contentEnd;
        break;
      }
      case WireType.StartGroup:
        this.group(field?.content?.() ?? UNKNOWN, number, end, depth + 1);
        break;
      default:
        this.stop("malformed");
    }
  }

  private packed(element: WireType, end: number): void {
    const width = element === WireType.Bit64 ? 8 : element === WireType.Bit32 ? 4 : undefined;
    while (this.at < end && this.excess === undefined) {
      this.count(1);
      if (width === undefined) this.skipVarint(end);
      else this.skip(width, end);
    }
  }

  /** Reads a length; returns where its content ends. */
  private lengthDelimited(end: number): number {
    const length = this.uint32(end);
    if (length <= end - this.at) return this.at + length;
    this.stop("malformed");
    return this.at;
  }

  private uint32(end: number): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.at < end ? this.bytes[this.at++] : undefined;
      if (byte === undefined || (shift === 28 && byte > 0x0f)) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    this.stop("malformed");
    return 0;
  }

  private skipVarint(end: number): void {
    const last = Math.min(end, this.at + MAX_VARINT_BYTES);
    while (this.at < last) {
      if ((this.bytes[this.at++] ?? 0) < 0x80) return;
    }
    this.stop("malformed");
  }

  private skip(bytes: number, end: number): void {
    if (bytes > end - this.at) this.stop("malformed");
    else this.at += bytes;
  }

  private count(nodes: number): void {
    this.nodes += nodes;
    if (this.nodes > this.bounds.nodes) this.stop("nodes");
  }

  private stop(excess: MessageExcess): void {
    this.excess ??= excess;
  }
}

const MAX_VARINT_BYTES = 10;
