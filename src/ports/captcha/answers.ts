import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../../platform/failure.js";

/** An answer that is one text. Throws CAPTCHA_REQUIRED without one, and CAPTCHA_REJECTED for what no widget makes. */
export function textIn(answer: string | undefined, longest: number): string {
  if (answer === undefined || answer.trim() === "") throw new Failure(ErrorReason.CAPTCHA_REQUIRED);
  // JSON is what a widget of another vendor makes, or none.
  if (!isWidgetText(answer, longest) || jsonIn(answer) !== undefined)
    throw new Failure(ErrorReason.CAPTCHA_REJECTED);
  return answer;
}

/** An answer that is several texts, as the JSON text of an object. Throws CAPTCHA_REQUIRED without one, and CAPTCHA_MANDATORY_FIELDS for one that lacks some. */
export function textsIn<Name extends string>(
  answer: string | undefined,
  names: readonly Name[],
  longest: number,
): Readonly<Record<Name, string>> {
  if (answer === undefined || answer.trim() === "") throw new Failure(ErrorReason.CAPTCHA_REQUIRED);
  const object = jsonIn(answer);
  const texts: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const text = isObject(object) ? object[name] : undefined;
    if (typeof text !== "string" || !isWidgetText(text, longest))
      throw new Failure(ErrorReason.CAPTCHA_MANDATORY_FIELDS);
    texts[name] = text;
  }
  return texts as Record<Name, string>;
}

/** Undefined for text that is no JSON. */
export function jsonIn(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Nothing else is handed on to a vendor, so that nobody makes him stumble over it and calls that an outage. */
const isWidgetText = (text: string, longest: number): boolean =>
  text.length <= longest && /^[\x21-\x7e]+$/.test(text);
