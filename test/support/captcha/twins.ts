import type { CaptchaTwin } from "./captcha-twin.js";
import { startGeetestTwin } from "./geetest-twin.js";
import { startGeetestV4Twin } from "./geetest-v4-twin.js";
import { startHcaptchaTwin } from "./hcaptcha-twin.js";
import { startRecaptchaTwin } from "./recaptcha-twin.js";
import { startTurnstileTwin } from "./turnstile-twin.js";

/** Every vendor, by the word that CAPTCHA has for him. */
export const captchaTwins: readonly (readonly [name: string, start: () => Promise<CaptchaTwin>])[] = [
  ["recaptcha", () => startRecaptchaTwin(2)],
  ["recaptcha_v3", () => startRecaptchaTwin(3)],
  ["hcaptcha", startHcaptchaTwin],
  ["turnstile", startTurnstileTwin],
  ["geetest", startGeetestTwin],
  ["geetest_v4", startGeetestV4Twin],
];
