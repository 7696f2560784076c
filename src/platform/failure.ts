import { getOption } from "@bufbuild/protobuf";
import { ErrorReason, ErrorReasonSchema } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { type ErrorRules, error as errorRules } from "../../gen/barong/options/v1/options_pb.js";

/** Whom a refused attempt was about, for the activity log. */
export interface Subject {
  readonly accountId: number;
  /** How the attempt is named, where it is not what the method declares. */
  readonly action?: string;
}

export interface FailureDetails {
  readonly about?: Subject;
  /** Seconds after which trying again makes sense. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** A refusal with reasons of the catalogue. The schema knows their codes and statuses. */
export class Failure extends Error {
  readonly reasons: readonly ErrorReason[];
  readonly about: Subject | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(reasons: ErrorReason | readonly [ErrorReason, ...ErrorReason[]], details: FailureDetails = {}) {
    const all = typeof reasons === "number" ? [reasons] : reasons;
    super(all.map((reason) => rulesOf(reason).sentence).join(" and "), { cause: details.cause });
    this.name = "Failure";
    this.reasons = all;
    this.about = details.about;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

const catalogue = new Map<ErrorReason, ErrorRules>(
  ErrorReasonSchema.values
    .filter(({ number }) => number !== ErrorReason.UNSPECIFIED)
    .map((value) => [value.number, getOption(value, errorRules)]),
);

/** The code, statuses and sentence declared for a reason. */
export function rulesOf(reason: ErrorReason): ErrorRules {
  const rules = catalogue.get(reason);
  if (!rules) throw new Error(`the error catalogue has no rules for reason ${reason}`);
  return rules;
}
