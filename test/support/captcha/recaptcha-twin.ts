import { SITE_SECRET, startSiteverifyTwin } from "./siteverify-twin.js";

/** Google reCAPTCHA in this process, for a site with keys of version 2 or 3. */
export async function startRecaptchaTwin(version: 2 | 3) {
  const twin = await startSiteverifyTwin({
    path: "/recaptcha/api/siteverify",
    fields: ["secret", "response"],
    replayed: "timeout-or-duplicate",
    about: (action = "") => (version === 3 ? { score: 0.9, action } : {}),
  });
  return Object.assign(twin, {
    environment: {
      CAPTCHA: version === 3 ? "recaptcha_v3" : "recaptcha",
      RECAPTCHA_SECRET_KEY: SITE_SECRET,
      RECAPTCHA_URL: twin.siteverify,
    },
  });
}
