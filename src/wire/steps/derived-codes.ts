import { type DescField, type DescMethod, getOption } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { service as serviceRules } from "../../../gen/barong/options/v1/options_pb.js";
import { type Breach, Naming, withoutDuplicates } from "./breaches.js";
import { forbidsEmpty, isRequired, ownCodes, ownCodesOfMessage } from "./rules.js";

/** A code that validation can answer without the error catalogue naming it. */
export interface DerivedCode {
  readonly code: string;
  readonly status: 400 | 422;
  /** Proto name of the request's field; empty when the rule is about the whole request. */
  readonly field: string;
  /** Half a sentence: "is missing". */
  readonly why: string;
}

/** Every code that the validation of a method can answer, in the order in which one answer would list them. */
export function derivedCodes({ input, parent }: DescMethod): readonly DerivedCode[] {
  const naming = new Naming(input, getOption(parent, serviceRules).errorScope);
  const breaches = input.fields.flatMap((field) => breachesIn(naming, field));
  const ofMessage = ownCodesOfMessage(input).map((code) => naming.own(undefined, code, "breaks a rule"));
  return withoutDuplicates([...breaches, ...ofMessage]).map(({ code, status, field, description }) => ({
    code,
    status,
    field,
    why: description,
  }));
}

function breachesIn(naming: Naming, top: DescField): Breach[] {
  const within = [top, ...fieldsInside(top)];
  const breaches = within.flatMap((field) => [
    ...(isRequired(field) ? naming.missing(top, field) : []),
    ...(forbidsEmpty(field) ? [naming.empty(top)] : []),
    ...ownCodes(field).map((code) => naming.own(top, code, "breaks a rule")),
  ]);
  // A value of any kind can be read into it.
  if (top.message?.typeName === ValueSchema.typeName) return breaches;
  return [...breaches, naming.invalid(top, "has a wrong type, form or length")];
}

function fieldsInside({ message }: DescField, seen = new Set<string>()): DescField[] {
  if (message === undefined || seen.has(message.typeName)) return [];
  seen.add(message.typeName);
  return message.fields.flatMap((field) => [field, ...fieldsInside(field, seen)]);
}
