import {
  create,
  createFileRegistry,
  type DescMessage,
  fromJson,
  type JsonValue,
  setExtension,
} from "@bufbuild/protobuf";
import {
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  MessageOptionsSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import {
  FieldRulesSchema,
  field as fieldRules,
  MessageRulesSchema,
  message as messageRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { expect, test } from "vitest";
import { Refusal } from "../../src/wire/steps/breaches.js";
import { validation } from "../../src/wire/steps/validate.js";

const LINES = ["test.Form", "test.Address"] as const;

/** Form: `address` (with a required street and a two-letter country), `tags` of 3 letters, `from`, `to`, and `from` before `to`. */
const form = formMessage();

/** Status and codes of what a form is refused for. */
function refusalOf(json: JsonValue, unreadable: readonly string[] = []) {
  const violations = form.fields
    .filter(({ name }) => unreadable.includes(name))
    .map((field) => ({ field, description: "is not readable" }));
  try {
    validation(form, "resource.form")({ message: fromJson(form, json), violations });
    return undefined;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return [error.status, ...error.breaches.map(({ code }) => code)];
  }
}

const fine = { address: { street: "s", country: "DE" }, tags: ["abc"], from: 1, to: 2 };

test("a request that keeps the rules passes", () => {
  expect(refusalOf(fine)).toBeUndefined();
});

test("faults inside a message carry the name of the request's own field", () => {
  expect(refusalOf({ ...fine, address: { country: "DE" } })).toEqual([400, "resource.form.missing_address"]);
  expect(refusalOf({ ...fine, address: { street: "s", country: "D" } })).toEqual([
    422,
    "resource.form.invalid_address",
  ]);
  expect(refusalOf({ ...fine, tags: ["abc", "a", "b"] })).toEqual([422, "resource.form.invalid_tags"]);
  expect(refusalOf({ ...fine, tags: ["abc", ""] })).toEqual([400, "resource.form.empty_tags"]);
});

test("a rule of the whole request is told by its own code, after those of the fields", () => {
  expect(refusalOf({ ...fine, from: 3 })).toEqual([422, "form.wrong_order"]);
  expect(refusalOf({ ...fine, from: 3, tags: ["a"] })).toEqual([
    422,
    "resource.form.invalid_tags",
    "form.wrong_order",
  ]);
});

test("a value that could not be read is invalid and not missing besides", () => {
  expect(refusalOf({ ...fine, address: {} }, ["address", "to"])).toEqual([
    422,
    "resource.form.invalid_address",
    "resource.form.invalid_to",
  ]);
});

function formMessage(): DescMessage {
  const label = Label.OPTIONAL;
  const required = fieldOptions({ required: true });
  const twoLetters = fieldOptions({ type: { case: "string", value: { minLen: 2n, maxLen: 2n } } });
  const tags = fieldOptions({
    type: {
      case: "repeated",
      value: { items: { type: { case: "string", value: { minLen: 3n } } } },
    },
  });
  const ordered = create(MessageOptionsSchema);
  const expression = "this.from <= this.to";
  const cel = [{ id: "form.wrong_order", message: "is in the wrong order", expression }];
  setExtension(ordered, messageRules, create(MessageRulesSchema, { cel }));
  const file = create(FileDescriptorProtoSchema, {
    name: "form.proto",
    package: "test",
    syntax: "proto3",
    messageType: [
      {
        name: "Form",
        options: ordered,
        field: [
          { name: "address", number: 1, label, type: Type.MESSAGE, typeName: `.${LINES[1]}` },
          { name: "tags", number: 2, label: Label.REPEATED, type: Type.STRING, options: tags },
          { name: "from", number: 3, label, type: Type.INT32 },
          { name: "to", number: 4, label, type: Type.INT32 },
        ],
      },
      {
        name: "Address",
        field: [
          { name: "street", number: 1, label, type: Type.STRING, options: required },
          { name: "country", number: 2, label, type: Type.STRING, options: twoLetters },
        ],
      },
    ],
  });
  const message = createFileRegistry(file, () => undefined).getMessage(LINES[0]);
  if (!message) throw new Error("the test schema was not built");
  return message;
}

function fieldOptions(rules: Parameters<typeof create<typeof FieldRulesSchema>>[1]) {
  const options = create(FieldOptionsSchema);
  setExtension(options, fieldRules, create(FieldRulesSchema, rules));
  return options;
}
