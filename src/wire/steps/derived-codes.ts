import { type DescField, type DescMethod, getOption, ScalarType } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { field as fieldRules, service as serviceRules } from "../../../gen/barong/options/v1/options_pb.js";
import { type Breach, Naming, withoutDuplicates } from "./breaches.js";
import { forbidsEmpty, isRequired, modelRules, ownRules, ownRulesOfMessage } from "./rules.js";

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
  const ofMessage = ownRulesOfMessage(input).map(({ code, message }) => naming.own(undefined, code, message));
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
    ...(forbidsEmpty(field) || (field === top && isNoText(field)) ? [naming.empty(top)] : []),
    ...ownRules(field).map(({ code, message }) => naming.own(top, code, message)),
    ...modelRules(field).map(({ code, message }) => naming.model(top, code, message)),
  ]);
  // A value of any kind can be read into it.
  if (top.message?.typeName === ValueSchema.typeName) return breaches;
  const wrong = "has a wrong type, form or length";
  return [...breaches, ...naming.unreadable(top, wrong), naming.invalid(top, wrong)];
}

/** Whether a blank text is nothing that could be read into the field. */
const isNoText = (field: DescField): boolean =>
  field.scalar !== ScalarType.STRING &&
  field.scalar !== ScalarType.BYTES &&
  field.message?.typeName !== ValueSchema.typeName &&
  !getOption(field, fieldRules).blankIsUnset;

function fieldsInside({ message }: DescField, seen = new Set<string>()): DescField[] {
  if (message === undefined || seen.has(message.typeName)) return [];
  seen.add(message.typeName);
  return message.fields.flatMap((field) => [field, ...fieldsInside(field, seen)]);
}
