import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../../platform/failure.js";
import type { Captcha } from "./captcha.js";

/** Captcha is off: everybody passes. */
export const noCaptcha: Captcha = {
  async verify() {},
  async registerGeetest() {
    throw new Failure(ErrorReason.CAPTCHA_UNAVAILABLE);
  },
};
