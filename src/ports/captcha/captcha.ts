import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../../platform/failure.js";

/** What a browser needs to start a Geetest puzzle. */
export interface GeetestChallenge {
  readonly gt: string;
  /** 32 lower-case hex digits. */
  readonly challenge: string;
}

/** Who answers, and what for. */
export interface Occasion {
  readonly ip: string;
  /** The `captcha_action` of the method that asks. */
  readonly action: string;
}

/** Asks a vendor whether a human is there. */
export interface Captcha {
  /**
   * Resolves when the vendor accepts the answer. Throws a Failure: CAPTCHA_REQUIRED without an answer,
   * CAPTCHA_MANDATORY_FIELDS for an incomplete one, CAPTCHA_REJECTED, and CAPTCHA_UNAVAILABLE when the vendor cannot tell.
   */
  verify(answer: string | undefined, occasion: Occasion): Promise<void>;
  /** Throws CAPTCHA_UNAVAILABLE, also when Geetest of version 3 is not the vendor in use. */
  registerGeetest(): Promise<GeetestChallenge>;
}

/** Of vendors whose widgets need no challenge from us. */
export async function noChallenge(): Promise<never> {
  throw new Failure(ErrorReason.CAPTCHA_UNAVAILABLE);
}
