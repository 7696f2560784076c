import type { DescField } from "@bufbuild/protobuf";

export type Place = "path" | "query" | "body";

/** A value that is present but of the wrong type, range or enum word. */
export interface FieldViolation {
  /** Proto names with dots: "child.size". */
  readonly fieldPath: string;
  /** The field of the input message in which the value lies. */
  readonly field: DescField;
  readonly description: string;
  readonly place: Place;
  /** The value is an empty text, or one of white space alone. */
  readonly isBlank: boolean;
}

/** Every violation costs an exception, so a request full of them must not keep the process busy: further values are not looked at. */
export const MAX_VIOLATIONS = 100;

export const isBlank = (value: unknown): boolean => typeof value === "string" && value.trim() === "";

/** The decoder's own words without the name of the field, which the violation already tells. */
export function descriptionOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^cannot decode \S+ \S+ from JSON:? ?/, "") || "is malformed";
}

/** Thrown while an upload is read, when its parameters are wrong. */
export class InvalidFields extends Error {
  override readonly name = "InvalidFields";
  constructor(readonly violations: readonly FieldViolation[]) {
    super(violations.map(({ fieldPath, description }) => `${fieldPath} ${description}`).join("; "));
  }
}
