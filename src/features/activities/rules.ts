import type { Origin } from "../../platform/call.js";
import { secondsAfter } from "../../platform/clock.js";
import { networkOf } from "../../platform/network.js";
import type { Activity } from "./store.js";

/** New devices of which an owner is told within an hour: whoever goes on would only keep other mails from him. */
const MOST_TOLD = 5;
const TOLD_WITHIN_SECONDS = 3600;

export type SignedIn = Pick<Activity, "userIp" | "userAgent" | "createdAt">;

/**
 * Whether the owner of an account is to be told of a sign-in, by the ones before. A device is a user agent in a network. Of the first sign-in
 * nobody needs to be told: the account has just been made.
 */
export function isNews({ ip, userAgent }: Origin, before: readonly SignedIn[], now: Date): boolean {
  const known = new Set(before.map((one) => deviceOf(one)));
  if (known.size === 0 || known.has(deviceOf({ userIp: ip, userAgent }))) return false;
  const since = secondsAfter(now, -TOLD_WITHIN_SECONDS);
  const lately = before.filter(({ createdAt }) => createdAt > since);
  return new Set(lately.map((one) => deviceOf(one))).size <= MOST_TOLD;
}

const deviceOf = ({ userIp, userAgent }: Pick<SignedIn, "userIp" | "userAgent">): string =>
  JSON.stringify([networkOf(userIp), userAgent]);
