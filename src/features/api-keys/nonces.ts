import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Scheme } from "./signature.js";

/** Whoever signs whole requests is bound to the time, also where nonces alone are not. */
const DEFAULT_WINDOW_MS = 5000;

/** For how long a nonce is kept although its time is over: the clocks of servers differ, and a request may wait. */
const MARGIN_MS = 60_000;

const FORMS: Record<Scheme, RegExp> = {
  nonce: /^([1-9]\d{0,14})$/,
  // What follows the time tells requests of one millisecond apart.
  request: /^([1-9]\d{0,14})(?:-[A-Za-z0-9_-]{1,64})?$/,
};

/** The reason for which a nonce is refused; none when its time is about now. A window of 0 accepts any nonce that is signed alone. */
export function nonceFault(
  scheme: Scheme,
  nonce: string,
  now: Date,
  windowMs: number,
): ErrorReason | undefined {
  if (scheme === "nonce" && windowMs === 0) return undefined;
  const moment = FORMS[scheme].exec(nonce)?.[1];
  if (moment === undefined) return ErrorReason.NONCE_INVALID;
  const distance = Math.abs(now.getTime() - Number(moment));
  return distance > (windowMs || DEFAULT_WINDOW_MS) ? ErrorReason.NONCE_EXPIRED : undefined;
}

/** The moment after which a nonce of the `request` scheme that is good now is refused by its time, on every server. */
export const nonceOverAt = (nonce: string, windowMs: number): Date =>
  new Date(Number.parseInt(nonce, 10) + (windowMs || DEFAULT_WINDOW_MS) + MARGIN_MS);
