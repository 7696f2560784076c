import { type DescMessage, fromJson, type JsonObject } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CreateDocumentsRequestSchema } from "../../gen/barong/resource/v1/document_service_pb.js";
import { CreateLabelRequestSchema } from "../../gen/barong/resource/v1/label_service_pb.js";
import {
  CreateProfileRequestSchema,
  ProfileService,
} from "../../gen/barong/resource/v1/profile_service_pb.js";
import { Refusal } from "../../src/wire/steps/breaches.js";
import { derivedCodes } from "../../src/wire/steps/derived-codes.js";
import { validation } from "../../src/wire/steps/validate.js";

function codesOf(schema: DescMessage, scope: string, json: JsonObject): readonly string[] {
  try {
    validation(schema, scope)({ message: fromJson(schema, json), violations: [] });
    return [];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.breaches.map(({ code }) => code);
  }
}

const label = (given: JsonObject) =>
  codesOf(CreateLabelRequestSchema, "resource.label", { key: "abc", value: "abc", ...given });

const profile = (given: JsonObject) =>
  codesOf(CreateProfileRequestSchema, "resource.profile", {
    ...{ firstName: "Dana", lastName: "O'Neil-Ünal", dob: "1990-01-02", address: "12 Main St., #4/b" },
    ...{ postcode: "AB1 2CD", city: "São Paulo", country: "BR" },
    ...given,
  });

test.each<[string, readonly string[]]>([
  ["ab", ["key.too_short"]],
  ["  ab  ", ["key.too_short"]],
  ["a!", ["key.too_short", "key.invalid"]],
  ["a b c", ["key.invalid"]],
  ["äbc", ["key.invalid"]],
  ["a\nbc", ["key.invalid"]],
  ["a".repeat(256), ["key.too_long"]],
  ["!".repeat(2000), ["key.too_long"]],
  [" ", ["resource.label.empty_key"]],
  [` ${"a".repeat(255)} `, []],
  ["  EMAIL_2-x ", []],
])("the key %j of a label earns %j", (key, codes) => {
  expect(label({ key })).toEqual(codes);
});

test.each<[string, readonly string[]]>([
  ["", ["first_name.blank"]],
  [" \t", ["first_name.blank"]],
  ["김 민준", []],
  ["Ваня", []],
  ["Jean‑Luc", ["first_name.invalid"]],
  ["J. R. R.", []],
  ["<b>", ["first_name.invalid"]],
  ["x".repeat(255), []],
  ["x".repeat(256), ["first_name.too_long"]],
  ["💥", ["first_name.invalid"]],
])("the first name %j earns %j", (firstName, codes) => {
  expect(profile({ firstName })).toEqual(codes);
});

test("every fault of a profile is told, in the order of its fields", () => {
  const codes = profile({ firstName: "", dob: "soon", address: "a\u0000b", postcode: "1", city: "\u0001" });

  expect(codes).toEqual([
    "first_name.blank",
    "resource.profile.invalid_dob",
    "address.invalid",
    "postcode.too_short",
    "city.invalid",
  ]);
});

test.each([
  ...["1990-01-02", "02/01/1990", "2000-02-29", "29/02/2000", "2024-02-29", "31/12/1999", " 2099-01-22 "],
  ...["1900-02-28", "30/04/1990"],
])("%s is a day", (dob) => {
  expect(profile({ dob })).toEqual([]);
});

test.each([
  ...["1990-02-30", "30/02/1990", "1900-02-29", "29/02/1900", "2023-02-29", "31/04/1990", "1990-13-01"],
  ...["13/13/1990", "1990-1-2", "1/2/1990", "1990-01-02T00:00:00Z", "02-01-1990", "x".repeat(5000)],
])("%s is no day", (dob) => {
  expect(profile({ dob })).toEqual(["resource.profile.invalid_dob"]);
});

test("a blank date is a blank one", () => {
  expect(profile({ dob: "" })).toEqual(["dob.blank"]);
});

test("a word that is none of those allowed is told so, and a missing file", () => {
  const codes = codesOf(CreateDocumentsRequestSchema, "resource.document", {
    ...{ docExpire: "2099-01-22", docType: "passport", docNumber: "AB/1" },
  });

  expect(codes).toEqual(
    ["doc_type.inclusion", "resource.document.missing_upload", "doc_number.invalid"].sort(byField),
  );
});

/** In the order of the request's fields. */
const byField = (one: string, other: string) => order(one) - order(other);
const order = (code: string) =>
  ["doc_type", "doc_number", "upload"].findIndex((field) => code.includes(field));

test("the documentation knows these codes as well", () => {
  const codes = derivedCodes(ProfileService.method.createProfile).map(({ code }) => code);

  expect(codes).toEqual(
    expect.arrayContaining([
      ...[
        "resource.profile.missing_first_name",
        "first_name.blank",
        "first_name.too_long",
        "first_name.invalid",
      ],
      ...["dob.blank", "resource.profile.invalid_dob", "postcode.too_short", "country.blank"],
    ]),
  );
});
