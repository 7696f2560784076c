import type { DescField, DescMessage, JsonValue, Message } from "@bufbuild/protobuf";
import { type Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import { captchaAnswerIn } from "../../platform/captcha-answer.js";
import { fieldReader } from "./field-value.js";

/** Fields that may carry the answer; the first one given counts. */
export const CAPTCHA_FIELDS: readonly string[] = ["captcha_response", "recaptcha_response"];

export const isCaptchaField = ({ name, message }: DescField): boolean =>
  CAPTCHA_FIELDS.includes(name) && message?.typeName === ValueSchema.typeName;

/** Reads the captcha answer out of a request; undefined when there is none. */
export function captchaReader({ fields }: DescMessage): (request: Message) => JsonValue | undefined {
  const readers = fields
    .filter(isCaptchaField)
    .sort((one, other) => CAPTCHA_FIELDS.indexOf(one.name) - CAPTCHA_FIELDS.indexOf(other.name))
    .map(fieldReader);
  return (request) => captchaAnswerIn(...readers.map((read) => read(request) as Value | undefined));
}
