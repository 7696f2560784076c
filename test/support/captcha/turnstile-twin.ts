import { SITE_SECRET, startSiteverifyTwin } from "./siteverify-twin.js";

/** Cloudflare Turnstile in this process. */
export async function startTurnstileTwin() {
  const twin = await startSiteverifyTwin({
    path: "/turnstile/v0/siteverify",
    fields: ["secret", "response", "remoteip"],
    replayed: "timeout-or-duplicate",
    about: (action = "") => ({ "error-codes": [], action, cdata: "", metadata: { interactive: false } }),
  });
  return Object.assign(twin, {
    environment: {
      CAPTCHA: "turnstile",
      TURNSTILE_SECRET_KEY: SITE_SECRET,
      TURNSTILE_URL: twin.siteverify,
    },
  });
}
