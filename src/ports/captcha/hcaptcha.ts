import type { Captcha } from "./captcha.js";
import { createSiteverify, remoteIpOf, type SiteverifySettings } from "./siteverify.js";

export interface HcaptchaSettings extends SiteverifySettings {
  /** An answer that was given for another site of the same owner is refused. */
  readonly siteKey: string;
}

/** hCaptcha. */
export const createHcaptcha = ({ siteKey, ...settings }: HcaptchaSettings): Captcha =>
  createSiteverify(settings, {
    longestAnswer: 16_384,
    fields: (occasion) => ({ sitekey: siteKey, ...remoteIpOf(occasion) }),
    ourFaults: [
      "missing-input-secret",
      "invalid-input-secret",
      "invalid-sitekey",
      "sitekey-secret-mismatch",
      "not-using-dummy-passcode",
      "not-using-dummy-secret",
      "missing-remoteip",
      "invalid-remoteip",
      "bad-request",
    ],
  });
