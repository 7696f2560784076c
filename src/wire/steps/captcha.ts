import { type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { captchaAnswerIn } from "../../platform/captcha-answer.js";
import { fieldReader } from "./field-value.js";

/** Fields that may carry the answer; the first one given counts. */
export const CAPTCHA_FIELDS: readonly string[] = ["captcha_response", "recaptcha_response"];

export const isCaptchaField = ({ name, scalar }: DescField): boolean =>
  CAPTCHA_FIELDS.includes(name) && scalar === ScalarType.STRING;

/** Reads the captcha answer out of a request; undefined when there is none. */
export function captchaReader({ fields }: DescMessage): (request: Message) => string | undefined {
  const readers = fields
    .filter(isCaptchaField)
    .sort((one, other) => CAPTCHA_FIELDS.indexOf(one.name) - CAPTCHA_FIELDS.indexOf(other.name))
    .map(fieldReader);
  return (request) => captchaAnswerIn(...readers.map((read) => read(request) as string | undefined));
}
