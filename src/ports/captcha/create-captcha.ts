import type { CaptchaConfig, CaptchaVendor } from "../../platform/captcha-config.js";
import type { Clock } from "../../platform/clock.js";
import type { Logger } from "../../platform/logger.js";
import type { Captcha } from "./captcha.js";
import { createGeetest } from "./geetest.js";
import { createGeetestV4 } from "./geetest-v4.js";
import { createHcaptcha } from "./hcaptcha.js";
import { onlyFor, openWhenDown } from "./modes.js";
import { noCaptcha } from "./no-captcha.js";
import { createRecaptcha, createRecaptchaV3 } from "./recaptcha.js";
import { createTurnstile } from "./turnstile.js";

interface CaptchaSurroundings {
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long the vendor may take. */
  readonly timeoutMs?: number;
}

/** The vendor in use, asked where and heeded as the operator says. */
export function createCaptcha(
  { vendor, actions, outage }: CaptchaConfig,
  { timeoutMs, ...surroundings }: CaptchaSurroundings,
): Captcha {
  if (vendor === undefined) return noCaptcha;
  const captcha = captchaOf({ ...vendor, ...(timeoutMs !== undefined && { timeoutMs }) });
  return onlyFor(actions, outage === "open" ? openWhenDown(captcha, surroundings) : captcha);
}

function captchaOf(vendor: CaptchaVendor & { readonly timeoutMs?: number }): Captcha {
  switch (vendor.name) {
    case "recaptcha":
      return createRecaptcha(vendor);
    case "recaptcha_v3":
      return createRecaptchaV3(vendor);
    case "hcaptcha":
      return createHcaptcha(vendor);
    case "turnstile":
      return createTurnstile(vendor);
    case "geetest":
      return createGeetest(vendor);
    case "geetest_v4":
      return createGeetestV4(vendor);
  }
}
