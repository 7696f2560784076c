import type { JsonValue } from "@bufbuild/protobuf";

/** What a browser needs to start a Geetest puzzle. */
export interface GeetestChallenge {
  readonly gt: string;
  /** 32 lower-case hex digits. */
  readonly challenge: string;
}

/** Asks a vendor whether a human is there. */
export interface Captcha {
  /**
   * Resolves when the vendor accepts the answer. Throws a Failure: CAPTCHA_REQUIRED without an answer,
   * CAPTCHA_MANDATORY_FIELDS for an incomplete one, CAPTCHA_REJECTED, and CAPTCHA_UNAVAILABLE when the vendor cannot tell.
   */
  verify(answer: JsonValue | undefined, origin: { readonly ip: string }): Promise<void>;
  /** Throws CAPTCHA_UNAVAILABLE, also when Geetest is not the vendor in use. */
  registerGeetest(): Promise<GeetestChallenge>;
}

/** Whether a request has no answer at all: nothing, blank text, or an empty list or object. */
export function isBlank(answer: JsonValue | undefined): boolean {
  if (answer === undefined || answer === null || answer === false) return true;
  if (typeof answer === "string") return answer.trim() === "";
  return typeof answer === "object" && Object.keys(answer).length === 0;
}
