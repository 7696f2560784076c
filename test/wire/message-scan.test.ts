import { create, type DescMessage, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { StructSchema, ValueSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { type MessageBounds, messageExcess } from "../../src/wire/message-scan.js";
import { sample } from "../transcoding/schema.js";

const bounds: MessageBounds = { depth: 5, nodes: 12 };

/** Numbers of fields of the sample message. */
const [INT32, INT64, FIXED32, FIXED64, BOOL, STRING, INTS, CHILDREN, MAP, SELF, STRUCT, DOUBLES, UNKNOWN] = [
  3, 4, 9, 10, 13, 14, 21, 25, 30, 41, 63, 23, 1000,
];
const { Varint, Bit64, Bit32, LengthDelimited, StartGroup, EndGroup } = WireType;

type Write = (writer: BinaryWriter) => BinaryWriter;

const bytesOf = (...parts: readonly (Write | Uint8Array)[]): Uint8Array =>
  parts
    .reduce<BinaryWriter>(
      (writer, part) => (part instanceof Uint8Array ? writer.raw(part) : part(writer)),
      new BinaryWriter(),
    )
    .finish();
const times = (count: number, part: Write | Uint8Array) => Array.from({ length: count }, () => part);

const varint: (number: number, value?: number) => Write =
  (number, value = 1) =>
  (writer) =>
    writer.tag(number, Varint).uint32(value);
const bytes: (number: number, content?: Uint8Array) => Write =
  (number, content = new Uint8Array()) =>
  (writer) =>
    writer.tag(number, LengthDelimited).bytes(content);
const group: (number: number, ...content: (Write | Uint8Array)[]) => Write =
  (number, ...content) =>
  (writer) =>
    writer
      .tag(number, StartGroup)
      .raw(bytesOf(...content))
      .tag(number, EndGroup);
const entry = (key: string) => bytes(MAP, bytesOf(bytes(1, Buffer.from(key)), bytes(2, Buffer.from("v"))));
const deep = (number: number, levels: number): Uint8Array =>
  levels === 0 ? new Uint8Array() : bytesOf(bytes(number, deep(number, levels - 1)));
const deepGroups = (levels: number): Uint8Array =>
  levels === 0 ? new Uint8Array() : bytesOf(group(UNKNOWN, deepGroups(levels - 1)));

const packed = (number: number, length: number) => bytesOf(bytes(number, new Uint8Array(length)));
const numbers = (count: number) => bytesOf(bytes(INTS, Buffer.from("ffffffff0f".repeat(count), "hex")));
const excessOf = (message: Uint8Array, schema: DescMessage = sample) =>
  messageExcess(schema, message, bounds);

describe("the bounds of a message", () => {
  test.each([
    ["fields", bytesOf(...times(12, varint(INT32))), bytesOf(...times(13, varint(INT32))), "nodes"],
    ["unknown fields", bytesOf(...times(12, bytes(UNKNOWN))), bytesOf(...times(13, bytes(UNKNOWN))), "nodes"],
    [
      "empty elements",
      bytesOf(...times(12, bytes(CHILDREN))),
      bytesOf(...times(13, bytes(CHILDREN))),
      "nodes",
    ],
    ["elements of a packed list", packed(INTS, 11), packed(INTS, 12), "nodes"],
    ["elements of eight bytes each", packed(DOUBLES, 88), packed(DOUBLES, 96), "nodes"],
    [
      "elements of several packed lists",
      bytesOf(packed(INTS, 5), packed(INTS, 5)),
      bytesOf(packed(INTS, 5), packed(INTS, 6)),
      "nodes",
    ],
    ["elements of five bytes each", numbers(11), numbers(12), "nodes"],
    [
      "map entries with key and value",
      bytesOf(...["a", "b", "c", "d"].map(entry)),
      bytesOf(...["a", "b", "c", "d"].map(entry), bytes(MAP)),
      "nodes",
    ],
    ["messages inside each other", deep(SELF, 4), deep(SELF, 5), "depth"],
    ["groups inside each other", deepGroups(4), deepGroups(5), "depth"],
    [
      "fields of groups",
      bytesOf(group(UNKNOWN, ...times(11, varint(1)))),
      bytesOf(group(UNKNOWN, ...times(12, varint(1)))),
      "nodes",
    ],
    [
      "fields inside a message",
      bytesOf(bytes(SELF, bytesOf(...times(11, varint(INT32))))),
      bytesOf(bytes(SELF, bytesOf(...times(12, varint(INT32))))),
      "nodes",
    ],
  ])("%s: as many as they allow, and one more", (_what, fits, exceeds, excess) => {
    expect(() => fromBinary(sample, fits)).not.toThrow();
    expect(() => fromBinary(sample, exceeds)).not.toThrow();
    expect(excessOf(fits)).toBeUndefined();
    expect(excessOf(exceeds)).toBe(excess);
  });

  test("values of a Struct are counted like other messages", () => {
    const structOf = (elements: number) => {
      const values = Array.from({ length: elements }, () => ({
        kind: { case: "numberValue", value: 1 } as const,
      }));
      const list = create(ValueSchema, { kind: { case: "listValue", value: { values } } });
      return bytesOf(bytes(STRUCT, toBinary(StructSchema, create(StructSchema, { fields: { a: list } }))));
    };

    // The field, the entry with key and value, the list; then an element with its number each.
    expect(excessOf(structOf(3))).toBeUndefined();
    expect(excessOf(structOf(4))).toBe("nodes");
  });

  test("a message has as many levels as the decoder takes, which counts no map entries", () => {
    const bounds = { depth: 100, nodes: 1000 };
    const inMaps = (levels: number): Uint8Array => {
      let value: Uint8Array = new Uint8Array();
      for (let level = 0; level < levels; level++)
        value = bytesOf(bytes(5, bytesOf(bytes(1, bytesOf(bytes(2, value))))));
      return value;
    };

    expect(messageExcess(ValueSchema, inMaps(49), bounds)).toBeUndefined();
    expect(() => fromBinary(ValueSchema, inMaps(49))).not.toThrow();
    expect(messageExcess(ValueSchema, inMaps(50), bounds)).toBe("depth");
    expect(() => fromBinary(ValueSchema, inMaps(50))).toThrow();
  });

  test("nothing is read behind the first excess", () => {
    const garbage = new Uint8Array(100).fill(0xff);

    expect(excessOf(bytesOf(...times(12, bytes(CHILDREN)), garbage))).toBe("malformed");
    expect(excessOf(bytesOf(...times(13, bytes(CHILDREN)), garbage))).toBe("nodes");
    expect(excessOf(bytesOf(packed(INTS, 12), garbage))).toBe("nodes");
  });

  test("what an unknown field holds is skipped, whatever it looks like", () => {
    expect(excessOf(bytesOf(bytes(UNKNOWN, deep(SELF, 30))))).toBeUndefined();
    expect(excessOf(bytesOf(bytes(STRING, new Uint8Array(100_000))))).toBeUndefined();
  });
});

describe("bytes that are no such message are malformed", () => {
  test.each([
    ["a message for which a number is sent", bytesOf(varint(SELF, 100))],
    ["a text for which a number is sent", bytesOf(varint(STRING, 100))],
    ["a list of messages for which a number is sent", bytesOf(varint(CHILDREN, 100))],
    ["a map for which a number is sent", bytesOf(varint(MAP, 100))],
    ["a map whose key is a number", bytesOf(bytes(MAP, bytesOf(varint(1, 3))))],
    ["a number for which a text is sent", bytesOf(bytes(INT32, Buffer.from("1")))],
    ["a number of other width", bytesOf((writer) => writer.tag(FIXED32, Bit64).fixed64(1))],
    ["a message for which a group is sent", bytesOf(group(SELF))],
    [
      "a group that ends another",
      bytesOf((writer) => writer.tag(UNKNOWN, StartGroup).tag(UNKNOWN + 1, EndGroup)),
    ],
    ["a group that does not end", bytesOf((writer) => writer.tag(UNKNOWN, StartGroup))],
    ["the end of no group", bytesOf((writer) => writer.tag(UNKNOWN, EndGroup))],
    ["a field of number 0", Uint8Array.of(0x00, 0x01)],
    ["a wire type that there is not", Uint8Array.of(0x0e)],
    ["a tag of more than 32 bits", Uint8Array.of(0xf8, 0xff, 0xff, 0xff, 0x1f, 0x01)],
    ["a length of more than 32 bits", Uint8Array.of(0x72, 0x80, 0x80, 0x80, 0x80, 0x10)],
    ["a number that does not end", Uint8Array.of(0x18, ...new Array(11).fill(0xff))],
    [
      "a text longer than its message",
      bytesOf(bytes(SELF, Uint8Array.of(0x72, 0x04, 0x61)), new Uint8Array(10)),
    ],
    ["a message longer than the bytes", Uint8Array.of(0xca, 0x02, 0x7f)],
    [
      "a number that goes on behind its message",
      bytesOf(bytes(SELF, Uint8Array.of(0x18, 0xff)), varint(INT32)),
    ],
    ["a packed list that goes on behind its end", bytesOf(bytes(INTS, Uint8Array.of(0xff)), varint(INT32))],
    ["a packed list of half an element", bytesOf(bytes(DOUBLES, new Uint8Array(9)))],
  ])("%s", (_what, message) => {
    expect(excessOf(message)).toBe("malformed");
  });

  test("wherever a message is cut", () => {
    const whole = bytesOf(
      ...[varint(INT32, 300), varint(INT64), varint(BOOL), bytes(STRING, Buffer.from("text"))],
      (writer) => writer.tag(FIXED32, Bit32).fixed32(1).tag(FIXED64, Bit64).fixed64(1),
      ...[entry("a"), bytes(INTS, Uint8Array.of(1, 0x80, 1)), group(UNKNOWN, varint(1))],
    );
    const generous = { depth: 5, nodes: 100 };
    const cuts = Array.from({ length: whole.length }, (_, length) => whole.subarray(0, length));

    expect(messageExcess(sample, whole, generous)).toBeUndefined();
    for (const cut of cuts) {
      const isDecodable = messageExcess(sample, cut, generous) === undefined;
      if (isDecodable) expect(() => fromBinary(sample, cut)).not.toThrow();
    }
    expect(cuts.filter((cut) => messageExcess(sample, cut, generous) === undefined)).toHaveLength(9);
  });
});

describe("what the decoder reads in another way than it is encoded is malformed", () => {
  const values = bytesOf(bytes(1, bytesOf(...times(20, bytes(2)))));
  const sized = (tag: number, size: Uint8Array) => bytesOf((writer) => writer.uint32(tag).raw(size), values);
  const length = Uint8Array.of(values.length);

  test.each([
    ["a message of the wire type of a number", sized((STRUCT << 3) | Varint, length)],
    [
      "a message inside which another one ends later",
      sized((STRUCT << 3) | LengthDelimited, Uint8Array.of(2)),
    ],
    [
      "a length whose upper bits the decoder drops",
      sized(
        (STRUCT << 3) | LengthDelimited,
        Uint8Array.of(0x80 | values.length, 0x80, 0x80, 0x80, 0x80, 0x01),
      ),
    ],
  ])("%s", (_what, message) => {
    expect(fromBinary(sample, message)).toMatchObject({ st: { "": null } });
    expect(excessOf(message)).toBe("malformed");
  });
});
