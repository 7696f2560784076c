import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { StructSchema, ValueSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { CreateUserRequestSchema } from "../../gen/barong/identity/v1/user_service_pb.js";
import { CreateDocumentsRequestSchema } from "../../gen/barong/resource/v1/document_service_pb.js";
import { CheckRequestSchema } from "../../gen/envoy/service/auth/v3/external_auth_pb.js";
import { Failure } from "../../src/platform/failure.js";
import { boundJson, boundMessage, MAX_DEPTH, MAX_NODES } from "../../src/wire/message-bounds.js";

const passes = (work: () => void): boolean => {
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
};

/** Field 4 of CreateDocumentsRequest, empty, so many times: two bytes each. */
const uploads = (count: number): Uint8Array =>
  Uint8Array.from({ length: count * 2 }, (_, at) => (at % 2 === 0 ? (4 << 3) | 2 : 0));

test("a message may have as many elements as the bound says, and not one more", () => {
  expect(passes(() => boundMessage(CreateDocumentsRequestSchema, uploads(MAX_NODES)))).toBe(true);
  expect(passes(() => boundMessage(CreateDocumentsRequestSchema, uploads(MAX_NODES + 1)))).toBe(false);
});

test("elements are counted across all messages of a request", () => {
  const fields = Object.fromEntries(
    Array.from({ length: MAX_NODES / 2 }, (_, at) => [
      `k${at}`,
      { kind: { case: "boolValue", value: true } },
    ]),
  );
  const metadata = toBinary(StructSchema, create(StructSchema, { fields: fields as never }));
  const bytes = new BinaryWriter().tag(5, WireType.LengthDelimited).bytes(metadata).finish();

  expect(passes(() => boundMessage(CreateDocumentsRequestSchema, bytes))).toBe(false);
});

test("entries of maps are counted", () => {
  const headers = Object.fromEntries(Array.from({ length: MAX_NODES / 2 }, (_, at) => [`h${at}`, "v"]));
  const request = create(CheckRequestSchema, { attributes: { request: { http: { headers } } } });
  const few = create(CheckRequestSchema, { attributes: { request: { http: { headers: { a: "b" } } } } });

  expect(passes(() => boundMessage(CheckRequestSchema, toBinary(CheckRequestSchema, request)))).toBe(false);
  expect(passes(() => boundMessage(CheckRequestSchema, toBinary(CheckRequestSchema, few)))).toBe(true);
});

test("unknown fields and groups are counted, and their contents skipped", () => {
  const long = new BinaryWriter().tag(900, WireType.LengthDelimited).bytes(new Uint8Array(50_000)).finish();
  const many = new BinaryWriter();
  for (let at = 0; at <= MAX_NODES; at++) many.tag(900, WireType.Varint).int32(7);
  const group = new BinaryWriter().tag(901, WireType.StartGroup);
  for (let at = 0; at <= MAX_NODES; at++) group.tag(1, WireType.Bit32).fixed32(7);

  expect(passes(() => boundMessage(CreateUserRequestSchema, long))).toBe(true);
  expect(passes(() => boundMessage(CreateUserRequestSchema, many.finish()))).toBe(false);
  expect(passes(() => boundMessage(CreateUserRequestSchema, group.finish()))).toBe(false);
});

test("messages and groups inside each other are bounded", () => {
  let value = create(ValueSchema, { kind: { case: "boolValue", value: true } });
  for (let depth = 0; depth < MAX_DEPTH; depth++)
    value = create(ValueSchema, { kind: { case: "listValue", value: { values: [value] } } });
  const nested = toBinary(ValueSchema, value, { writeUnknownFields: false });
  const groups = new Uint8Array(2 * MAX_DEPTH).fill((1 << 3) | WireType.StartGroup);

  expect(passes(() => boundMessage(ValueSchema, nested))).toBe(false);
  expect(passes(() => boundMessage(ValueSchema, groups))).toBe(false);
});

test.each([
  ["a tag without an end", [0xff, 0xff]],
  ["a length beyond the end", [(1 << 3) | 2, 0x7f, 0x61]],
  ["a length of ten bytes", [(1 << 3) | 2, ...Array<number>(9).fill(0xff), 0x01]],
  ["an end of a group that has not begun", [(1 << 3) | 4]],
  ["a wire type that does not exist", [(1 << 3) | 7, 1]],
  ["a fixed number that breaks off", [(1 << 3) | 1, 0]],
])("%s is malformed", (_what, bytes) => {
  const refused = expect.objectContaining({ reasons: [ErrorReason.MALFORMED_BODY] });

  expect(() => boundMessage(CreateUserRequestSchema, Uint8Array.from(bytes))).toThrow(refused);
});

test("JSON may have as many values as the bound says, and not one more", () => {
  const list = (length: number) => JSON.stringify(Array.from({ length }, () => 0));

  expect(passes(() => boundJson(list(MAX_NODES - 1)))).toBe(true);
  expect(passes(() => boundJson(list(MAX_NODES)))).toBe(false);
  expect(passes(() => boundJson(`[${"[],".repeat(MAX_NODES)}[]]`))).toBe(false);
});

test("brackets, commas and quotes inside a JSON text are no values", () => {
  expect(passes(() => boundJson(JSON.stringify({ a: '[,{"\\'.repeat(MAX_NODES) })))).toBe(true);
});

test("JSON may be nested as deep as the bound says", () => {
  const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

  expect(passes(() => boundJson(nested(MAX_DEPTH)))).toBe(true);
  expect(passes(() => boundJson(nested(MAX_DEPTH + 1)))).toBe(false);
});
