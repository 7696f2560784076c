import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";

/** How a field is encoded. */
export interface FieldLayout {
  readonly wireType: WireType;
  /** The elements of the field may come packed. */
  readonly isPackable: boolean;
  /** The fields of a message or a map entry. */
  readonly content: (() => Layout) | undefined;
  /** A map entry is no level of nesting of its own. */
  readonly isMapEntry: boolean;
}

/** The fields of a message type by number. */
export type Layout = ReadonlyMap<number, FieldLayout>;

/** The layout of an unknown group. */
export const UNKNOWN: Layout = new Map();

const layouts = new WeakMap<DescMessage, Layout>();

/** Returns how the fields of a message type are encoded; works it out once. */
export function layoutOf(schema: DescMessage): Layout {
  let layout = layouts.get(schema);
  if (layout === undefined) {
    layout = new Map(schema.fields.map((field) => [field.number, fieldLayoutOf(field)]));
    layouts.set(schema, layout);
  }
  return layout;
}

function fieldLayoutOf(field: DescField): FieldLayout {
  switch (field.fieldKind) {
    case "map":
      return mapLayoutOf(field);
    case "message":
      return messageLayoutOf(field.message, field.delimitedEncoding);
    case "list":
      if (field.listKind === "message") return messageLayoutOf(field.message, field.delimitedEncoding);
      return singleLayoutOf(field.scalar, wireTypeOf(field.scalar) !== WireType.LengthDelimited);
    default:
      return singleLayoutOf(field.scalar, false);
  }
}

const messageLayoutOf = (schema: DescMessage, isGroup: boolean): FieldLayout => ({
  wireType: isGroup ? WireType.StartGroup : WireType.LengthDelimited,
  isPackable: false,
  content: () => layoutOf(schema),
  isMapEntry: false,
});

const singleLayoutOf = (scalar: ScalarType | undefined, isPackable: boolean): FieldLayout => ({
  wireType: wireTypeOf(scalar),
  isPackable,
  content: undefined,
  isMapEntry: false,
});

function mapLayoutOf(field: DescField & { fieldKind: "map" }): FieldLayout {
  const value = field.message ? messageLayoutOf(field.message, false) : singleLayoutOf(field.scalar, false);
  const entry: Layout = new Map([
    [1, singleLayoutOf(field.mapKey, false)],
    [2, value],
  ]);
  return { wireType: WireType.LengthDelimited, isPackable: false, content: () => entry, isMapEntry: true };
}

/** An enum has no scalar type and is encoded as a number. */
function wireTypeOf(scalar: ScalarType | undefined): WireType {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    default:
      return WireType.Varint;
  }
}
