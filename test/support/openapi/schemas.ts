import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { document, type Schema } from "./document.js";

/** Checks a value; what is wrong in words, undefined when nothing is. */
export type Check = (schema: Schema, value: unknown) => string | undefined;

/** For JSON: a text that looks like a number is none. */
export const checkJson: Check = checkerWith({});

/** For texts of paths, queries, forms and headers, which are read as what they are to be. */
export const checkText: Check = checkerWith({ coerceTypes: "array" });

function checkerWith(options: { readonly coerceTypes?: "array" }): Check {
  const ajv = new Ajv2020({ ...options, allErrors: true, strictTypes: false });
  formats.default(ajv);
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    ajv.addSchema(schema, `schema:${name}`);
  }
  const compiled = new WeakMap<Schema, ValidateFunction>();
  return (schema, value) => {
    let validate = compiled.get(schema);
    if (validate === undefined) {
      validate = ajv.compile(schema);
      compiled.set(schema, validate);
    }
    // Reading texts changes what holds them.
    const holder = structuredClone(value);
    if (validate(holder)) return undefined;
    return ajv.errorsText(validate.errors, { dataVar: "", separator: "; " });
  };
}
