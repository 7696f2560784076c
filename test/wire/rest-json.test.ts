import { create, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { messageWriter, soleFieldWriter } from "../../src/wire/rest-json.js";
import { everything } from "./schema.js";

const write = (json: JsonValue): unknown => JSON.parse(messageWriter(everything)(fromJson(everything, json)));

const zero = {
  text: "",
  blob: "",
  yes: false,
  big: 0,
  huge: 0,
  ratio: 0,
  mood: "unspecified",
  tags: [],
  leaves: {},
  more: [],
  moods: [],
  values: {},
};

test("fields without presence are always written, the others only when set", () => {
  expect(write({})).toEqual(zero);
  expect(write({ nickname: "", leaf: {} })).toEqual({ ...zero, nickname: "", leaf: { name: "" } });
});

test("fields are written in the order of the schema, under their own names", () => {
  const text = messageWriter(everything)(
    fromJson(everything, { createdAt: "2019-02-26T10:44:08.123Z", text: "a" }),
  );

  expect(Object.keys(JSON.parse(text))).toEqual([
    ...["text", "blob", "yes", "big", "huge", "ratio", "mood", "tags", "leaves", "more"],
    ...["created_at", "moods", "values"],
  ]);
  expect(text).toContain('"created_at":"2019-02-26T10:44:08Z"');
});

test("64-bit integers are numbers, enums words, and texts survive whatever is in them", () => {
  const text = messageWriter(everything)(
    fromJson(everything, {
      text: 'a"b\\c\n\u2028\u0000é😀',
      big: "-9007199254740993",
      huge: "18446744073709551615",
      mood: "MOOD_VERY_GOOD",
      moods: ["MOOD_VERY_GOOD", 7],
      blob: "AAH/",
    }),
  );

  expect(text).toContain('"big":-9007199254740993,"huge":18446744073709551615');
  expect(JSON.parse(text)).toMatchObject({
    text: 'a"b\\c\n\u2028\u0000é😀',
    mood: "very_good",
    moods: ["very_good", 7],
    blob: "AAH/",
  });
});

test("well-known types are plain JSON", () => {
  const json = {
    metadata: { $typeName: "mine", nested: { list: [1, null, "x"] } },
    anything: [true, { a: 1 }],
    wrapped: "",
    takes: "1.500s",
    values: { 1: null, 2: { a: [] } },
    word: "w",
    inner: { leaf: { name: "deep", size: 0 } },
    more: [{ name: "a" }, { name: "b", size: 2 }],
    leaves: { 'k"': { name: "v" } },
  };

  expect(write(json)).toEqual({ ...zero, ...json, inner: { ...zero, ...json.inner } });
});

test("numbers that JSON does not know are texts", () => {
  expect(write({ ratio: "NaN" })).toMatchObject({ ratio: "NaN" });
  expect(write({ ratio: "-Infinity" })).toMatchObject({ ratio: "-Infinity" });
  expect(write({ ratio: 1e-7 })).toMatchObject({ ratio: 1e-7 });
});

test("a field can be the whole answer", () => {
  const field = (name: string) => {
    const found = everything.fields.find((each) => each.name === name);
    if (!found) throw new Error(name);
    return found;
  };
  const message = fromJson(everything, { tags: ["a", "b"], more: [{ name: "x" }] });

  expect(soleFieldWriter(field("tags"))(message)).toBe('["a","b"]');
  expect(soleFieldWriter(field("more"))(message)).toBe('[{"name":"x"}]');
  expect(soleFieldWriter(field("leaf"))(create(everything))).toBe("null");
});
