import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Value } from "@bufbuild/protobuf/wkt";
import { fieldReader } from "./field-value.js";

/** Fields that may carry the answer; the first one given counts. */
export const CAPTCHA_FIELDS: readonly string[] = ["captcha_response", "recaptcha_response"];

/** Reads the captcha answer out of a request; undefined when there is none. */
export function captchaReader(message: DescMessage): (request: Message) => Value | undefined {
  const readers = CAPTCHA_FIELDS.flatMap((name) => message.fields.filter((field) => field.name === name)).map(
    fieldReader,
  );
  return (request) => {
    for (const read of readers) {
      const answer = read(request);
      if (isGiven(answer)) return answer;
    }
    return undefined;
  };
}

const isGiven = (answer: unknown): answer is Value =>
  typeof answer === "object" &&
  answer !== null &&
  "kind" in answer &&
  (answer as Value).kind.case !== undefined &&
  (answer as Value).kind.case !== "nullValue";
