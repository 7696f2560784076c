import { type DescField, getOption } from "@bufbuild/protobuf";
import { field as fieldRules } from "../../gen/barong/options/v1/options_pb.js";
import type { Binding } from "../../src/transcoding/rules.js";
import { isRequired } from "../../src/wire/steps/rules.js";
import { commentOf } from "./comments.js";
import { type Components, componentName } from "./components.js";
import { exampleOf } from "./examples.js";
import { given, type Node } from "./json.js";
import { fieldsBesidePath, hasBody, isNeeded } from "./parameters.js";
import { objectOf } from "./requests.js";

/** The body of a request; undefined where the method takes none. */
export function bodyOf(binding: Binding, components: Components): Node | undefined {
  const fields = fieldsBesidePath(binding);
  if (!hasBody(binding) || fields.length === 0) return undefined;
  const { input } = binding.method;
  const needed = fields.filter((field) => isNeeded(field, binding));
  const name = componentName(input);
  const json = components.referToMessage("request", input, () => ({
    ...objectOf(fields, needed, components),
    description: commentOf(input),
  }));
  const files = fields.filter((field) => getOption(field, fieldRules).files);
  const asJson = given({ schema: json, example: files.length === 0 ? exampleWith(needed) : undefined });
  const form = { ...asJson, ...encodingOf(fields) };
  const content: Node =
    files.length === 0
      ? { "application/json": asJson, "application/x-www-form-urlencoded": form, "multipart/form-data": form }
      : {
          "multipart/form-data": {
            schema: components.refer("schemas", `${name}.Form`, () => formOf(fields, files, components)),
            ...encodingOf(fields),
          },
          "application/json": asJson,
        };
  return given({ required: needed.length > 0 || undefined, content });
}

/** Only what is needed, so that whoever tries it out has nothing to delete. */
function exampleWith(needed: readonly DescField[]): Node | undefined {
  const example = given(Object.fromEntries(needed.map((field) => [field.name, exampleOf(field)])));
  return Object.keys(example).length === needed.length && needed.length > 0 ? example : undefined;
}

/** A multipart form carries files as such, under the name of their field with or without brackets. */
function formOf(fields: readonly DescField[], files: readonly DescField[], components: Components): Node {
  const others = fields.filter((field) => !files.includes(field));
  const texts = objectOf(others, others.filter(isRequired), components);
  const one = { type: "string", format: "binary" };
  const members = files.flatMap((field) => {
    const several = {
      type: "array",
      items: one,
      minItems: 1,
      maxItems: getOption(field, fieldRules).files?.maxFiles ?? 1,
    };
    const description = commentOf(field);
    return [
      [`${field.name}[]`, { ...several, description }],
      [field.name, { ...several, description: `The same as \`${field.name}[]\`.` }],
    ] as const;
  });
  return {
    ...texts,
    properties: { ...Object.fromEntries(members), ...(texts.properties as Node) },
    allOf: files.filter(isRequired).map(({ name }) => ({
      anyOf: [{ required: [`${name}[]`] }, { required: [name] }],
    })),
  };
}

/** In a form an object is JSON as text. */
function encodingOf(fields: readonly DescField[]): Node {
  const objects = fields.filter(({ message }) => message?.typeName.startsWith("google.protobuf.") === true);
  if (objects.length === 0) return {};
  return {
    encoding: Object.fromEntries(objects.map(({ name }) => [name, { contentType: "application/json" }])),
  };
}
