import type { Captcha } from "./captcha.js";
import { createSiteverify, remoteIpOf, type SiteverifySettings } from "./siteverify.js";

/** Cloudflare Turnstile. */
export const createTurnstile = (settings: SiteverifySettings): Captcha =>
  createSiteverify(settings, {
    // What Cloudflare says of its answers.
    longestAnswer: 2048,
    fields: remoteIpOf,
    ourFaults: ["missing-input-secret", "invalid-input-secret", "bad-request"],
    outages: ["internal-error"],
    // A widget need not name an action; one that does must name ours.
    accepts: ({ action }, asked) => !action || action === asked.action,
  });
