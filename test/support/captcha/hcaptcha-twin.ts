import { isIP } from "node:net";
import { SITE_SECRET, startSiteverifyTwin } from "./siteverify-twin.js";

export const HCAPTCHA_SITE_KEY = "10000000-ffff-ffff-ffff-000000000001";

/** hCaptcha in this process. */
export async function startHcaptchaTwin() {
  const twin = await startSiteverifyTwin({
    path: "/siteverify",
    fields: ["secret", "response", "sitekey", "remoteip"],
    replayed: "already-seen-response",
    about: () => ({ credit: false }),
    faultsIn: ({ sitekey, remoteip = "" }) => [
      ...(sitekey === HCAPTCHA_SITE_KEY ? [] : ["sitekey-secret-mismatch"]),
      ...(isIP(remoteip) ? [] : ["invalid-remoteip"]),
    ],
  });
  return Object.assign(twin, {
    environment: {
      CAPTCHA: "hcaptcha",
      HCAPTCHA_SITE_KEY,
      HCAPTCHA_SECRET_KEY: SITE_SECRET,
      HCAPTCHA_URL: twin.siteverify,
    },
  });
}
