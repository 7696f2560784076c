import { type JsonValue, toJson } from "@bufbuild/protobuf";
import { type Value, ValueSchema } from "@bufbuild/protobuf/wkt";

/** The first of the values that answers a captcha at all: neither absent, nor null, nor a blank text. */
export function captchaAnswerIn(...values: readonly (Value | undefined)[]): JsonValue | undefined {
  const given = values.find((value) => value !== undefined && isGiven(value));
  return given && jsonOf(given);
}

const isGiven = ({ kind }: Value): boolean =>
  kind.case !== undefined &&
  kind.case !== "nullValue" &&
  !(kind.case === "stringValue" && kind.value.trim() === "");

/** Over RPC a value may hold what JSON cannot say, such as a number that is none; no widget answers a number. */
function jsonOf(value: Value): JsonValue {
  try {
    return toJson(ValueSchema, value);
  } catch {
    return 0;
  }
}
