import { type DescField, type DescMessage, type DescOneof, getOption } from "@bufbuild/protobuf";
import { type FieldRules, field as fieldRules } from "../../../gen/barong/options/v1/options_pb.js";
import { isBlankWhenAbsent } from "./rules.js";

/** One rule that a request broke. */
export interface Breach {
  readonly code: string;
  readonly status: 400 | 422;
  /** Proto name of the field of the request; empty when the rule is about the whole of it. */
  readonly field: string;
  /** For people, without the field's name. */
  readonly description: string;
  /** Where the field stands among those of the request. */
  readonly position: number;
}

/** A request that broke rules of its schema: answers 400 when something is missing or empty, else 422. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  /** In the order in which the fields are declared, without duplicates. */
  readonly breaches: readonly Breach[];
  readonly status: 400 | 422;

  constructor(breaches: readonly Breach[]) {
    const ordered = withoutDuplicates([...breaches].sort((one, other) => one.position - other.position));
    super(sentenceOf(ordered));
    this.breaches = ordered;
    this.status = ordered.some(({ status }) => status === 400) ? 400 : 422;
  }
}

/** Derives codes from a scope, a fault and the name of the request's own field, wherever inside it the fault lies. */
export class Naming {
  private readonly positions: ReadonlyMap<string, number>;

  constructor(
    input: DescMessage,
    private readonly scope: string,
  ) {
    this.positions = new Map(input.members.map(({ name }, position) => [name, position]));
  }

  /** `field` is the one that is absent; it lies in `top` or is the same. */
  missing(top: Named | undefined, field?: DescField): Breach[] {
    const calledBy = (field && field.name === top?.name && rulesOf(field).missingAs) || undefined;
    const missing = this.breach(top, "missing", 400, "is missing", calledBy);
    return field && isBlankWhenAbsent(field) ? [missing, this.empty(top)] : [missing];
  }

  empty(top: Named | undefined): Breach {
    return this.breach(top, "empty", 400, "is empty");
  }

  /** A value that breaks a rule of the schema. */
  invalid(top: Named | undefined, description: string): Breach {
    const { invalidAs } = rulesOf(top);
    if (invalidAs !== "") return this.own(top, this.scoped(invalidAs), description);
    return this.breach(top, "invalid", 422, description);
  }

  /** A value that cannot be read into its field. */
  unreadable(top: DescField, description: string): Breach[] {
    const { unreadableAs } = rulesOf(top);
    if (unreadableAs.length === 0) return [this.invalid(top, description)];
    return unreadableAs.map((code) => this.own(top, this.scoped(code), description));
  }

  /** A value that Barong 2 refused in its models: the code has no scope. */
  model(top: Named | undefined, fault: string, description: string): Breach {
    return this.own(top, `${top?.name ?? "request"}.${fault}`, description);
  }

  own(top: Named | undefined, code: string, description: string): Breach {
    const field = top?.name ?? "";
    return { code, status: 422, field, description, position: this.positionOf(field) };
  }

  private scoped(code: string): string {
    return code.includes(".") ? code : `${this.scope}.${code}`;
  }

  private breach(
    top: Named | undefined,
    fault: string,
    status: 400 | 422,
    description: string,
    calledBy = top?.name ?? "request",
  ): Breach {
    const field = top?.name ?? "";
    const code = `${this.scope}.${fault}_${calledBy}`;
    return { code, status, field, description, position: this.positionOf(field) };
  }

  private positionOf(name: string): number {
    return this.positions.get(name) ?? this.positions.size;
  }
}

/** The request's own field, or a oneof of it. */
type Named = DescField | DescOneof;

const NO_RULES: Pick<FieldRules, "missingAs" | "invalidAs" | "unreadableAs"> = {
  missingAs: "",
  invalidAs: "",
  unreadableAs: [],
};

const rulesOf = (top: Named | undefined) => (top?.kind === "field" ? getOption(top, fieldRules) : NO_RULES);

/** The first of each code. */
export const withoutDuplicates = <T extends { readonly code: string }>(breaches: readonly T[]): T[] => [
  ...breaches.filter(({ code }, at) => breaches.findIndex((other) => other.code === code) === at),
];

const MOST_TOLD = 8;

function sentenceOf(breaches: readonly Breach[]): string {
  const told = breaches.slice(0, MOST_TOLD).map(({ field, description }) => `${field} ${description}`.trim());
  return `The request is invalid: ${told.join(", ")}`;
}
