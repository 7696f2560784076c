import type { DescField, DescMessage, DescOneof, Message } from "@bufbuild/protobuf";
import type { Violation } from "@bufbuild/protovalidate";
import type { ReadRequest, UnreadableValue } from "../wire-call.js";
import { boundedStrings } from "./bounded-strings.js";
import { type Breach, Naming, Refusal } from "./breaches.js";
import { fieldReader } from "./field-value.js";
import { hasRules, isOwnCode, modelFaultOf, validator } from "./rules.js";

/** Throws a Refusal with every code that a request earns. */
export type Validate = (request: ReadRequest) => void;

/** The validation step of a request type; codes start with `scope`. */
export function validation(input: DescMessage, scope: string): Validate {
  const naming = new Naming(input, scope);
  const bounded = boundedStrings(input);
  const findViolations = hasRules(input)
    ? (message: Message) => violationsOf(input, bounded(message))
    : () => [];
  return ({ message, violations: unreadable }) => {
    const violations = findViolations(message);
    if (violations.length === 0 && unreadable.length === 0) return;
    throw new Refusal([
      ...breachesOfReading(naming, unreadable),
      ...breachesOfRules(naming, violations, message, unreadable),
    ]);
  };
}

function violationsOf(input: DescMessage, message: Message): readonly Violation[] {
  const result = validator.validate(input, message);
  if (result.kind === "error") throw result.error;
  return result.kind === "invalid" ? result.violations : [];
}

const breachesOfReading = (naming: Naming, unreadable: readonly UnreadableValue[]): Breach[] =>
  unreadable.flatMap(({ field, description, isBlank }) =>
    isBlank ? [naming.empty(field)] : naming.unreadable(field, description),
  );

function breachesOfRules(
  naming: Naming,
  violations: readonly Violation[],
  message: Message,
  unreadable: readonly UnreadableValue[],
): Breach[] {
  // A value that could not be read is absent from the message; neither its absence nor what follows from it is a second fault.
  const told = new Set(unreadable.map(({ field }) => field.name));
  const isNew = (top: ReturnType<typeof topOf>) =>
    top === undefined ? told.size === 0 : !told.has(top.name);
  return violations
    .filter((violation) => isNew(topOf(violation)))
    .flatMap((violation) => breachesOf(naming, violation, message));
}

function breachesOf(naming: Naming, violation: Violation, message: Message): Breach[] {
  const { ruleId, message: description, rule } = violation;
  const top = topOf(violation);
  const [writtenIn] = rule;
  // CEL of a message has no path at all.
  const isCel = writtenIn === undefined || (writtenIn.kind === "field" && writtenIn.name === "cel");
  if (isCel && isOwnCode(ruleId)) return [naming.own(top, ruleId, description)];
  const fault = modelFaultOf(ruleId);
  if (fault !== undefined) return [naming.model(top, fault, description)];
  if (ruleId === "required") return naming.missing(top, lastField(violation));
  if (isAboutEmptyText(violation, message)) return [naming.empty(top)];
  return [naming.invalid(top, description)];
}

/** A blank text, or an empty one where a length or a format is asked for. */
function isAboutEmptyText({ ruleId, field }: Violation, message: Message): boolean {
  if (ruleId === "string.not_blank") return true;
  if (ruleId.startsWith("string.") && ruleId.endsWith("_empty")) return true;
  return (ruleId === "string.min_len" || ruleId === "string.min_bytes") && textAt(message, field) === "";
}

function textAt(message: Message, path: Violation["field"]): unknown {
  let value: unknown = message;
  for (const step of path) {
    if (value === undefined || value === null) return undefined;
    if (step.kind === "field") value = fieldReader(step)(value as Message);
    else if (step.kind === "list_sub") value = (value as readonly unknown[])[step.index];
    else if (step.kind === "map_sub") value = (value as Readonly<Record<string, unknown>>)[String(step.key)];
    else return undefined;
  }
  return value;
}

function topOf({ field: [first] }: Violation): DescField | DescOneof | undefined {
  return first?.kind === "field" || first?.kind === "oneof" ? first : undefined;
}

function lastField({ field }: Violation): DescField | undefined {
  const last = field.at(-1);
  return last?.kind === "field" ? last : undefined;
}
