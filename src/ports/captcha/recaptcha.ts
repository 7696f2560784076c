import type { Captcha } from "./captcha.js";
import { createSiteverify, type SiteverifySettings } from "./siteverify.js";
import { refusesUs } from "./vendor.js";

const GOOGLE = {
  // Google's answers run to about 2000 characters.
  longestAnswer: 16_384,
  ourFaults: ["missing-input-secret", "invalid-input-secret", "bad-request"],
};

/** Google reCAPTCHA, version 2: the person has ticked a box or solved a puzzle. */
export const createRecaptcha = (settings: SiteverifySettings): Captcha =>
  createSiteverify(settings, {
    ...GOOGLE,
    accepts({ score }) {
      // Version 3 accepts programs as well, with a low score.
      if (score !== undefined) throw refusesUs("KEYS_OF_VERSION_3");
      return true;
    },
  });

export interface RecaptchaV3Settings extends SiteverifySettings {
  /** 0 is surely a program, 1 surely a person. */
  readonly minimumScore: number;
}

/** Google reCAPTCHA, version 3: no puzzle; Google tells how much the visitor is like a person, and what the answer was given for. */
export const createRecaptchaV3 = ({ minimumScore, ...settings }: RecaptchaV3Settings): Captcha =>
  createSiteverify(settings, {
    ...GOOGLE,
    accepts({ score, action }, asked) {
      if (typeof score !== "number") throw refusesUs("KEYS_OF_VERSION_2");
      return action === asked.action && score >= minimumScore;
    },
  });
