import type { JsonValue } from "@bufbuild/protobuf";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../../platform/failure.js";
import { type Captcha, isBlank } from "./captcha.js";
import { askVendor, formOf, vendorUnavailable } from "./vendor.js";

export interface RecaptchaSettings {
  readonly secretKey: string;
  /** The full address of siteverify. */
  readonly url: string;
  readonly timeoutMs?: number;
}

// Google's answers run to about 2000 characters.
const LONGEST_ANSWER = 16_384;
// What Google says of a wrong configuration; the person in front of the browser cannot mend it.
const OUR_FAULTS = ["missing-input-secret", "invalid-input-secret"];

/** Google reCAPTCHA: the browser's answer is a text that Google accepts once. */
export const createRecaptcha = ({ secretKey, url, timeoutMs }: RecaptchaSettings): Captcha => ({
  async verify(answer) {
    if (isBlank(answer)) throw new Failure(ErrorReason.CAPTCHA_REQUIRED);
    if (typeof answer !== "string" || answer.length > LONGEST_ANSWER) {
      throw new Failure(ErrorReason.CAPTCHA_REJECTED);
    }
    const verdict = verdictIn(
      await askVendor(url, formOf({ secret: secretKey, response: answer }), timeoutMs),
    );
    if (verdict.success) return;
    const ours = verdict.errors.filter((code) => OUR_FAULTS.includes(code));
    if (ours.length > 0) throw vendorUnavailable(new Error(`reCAPTCHA answered ${ours.join(", ")}`));
    throw new Failure(ErrorReason.CAPTCHA_REJECTED);
  },

  async registerGeetest() {
    throw new Failure(ErrorReason.CAPTCHA_UNAVAILABLE);
  },
});

function verdictIn(text: string): { success: boolean; errors: string[] } {
  const answer = parsed(text);
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) throw unreadable();
  const { success, "error-codes": errors = [] } = answer;
  if (typeof success !== "boolean" || !Array.isArray(errors)) throw unreadable();
  return { success, errors: errors.filter((code) => typeof code === "string") };
}

function parsed(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable();
  }
}

const unreadable = () => vendorUnavailable(new Error("reCAPTCHA's answer is not readable"));
