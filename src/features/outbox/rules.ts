import { ChannelDown, DeliveryRefused } from "../../ports/delivery.js";

/** With the delays below, a parcel is given up after about four hours. */
export const MOST_ATTEMPTS = 24;

const FIRST_DELAY_SECONDS = 5;
const LONGEST_DELAY_SECONDS = 900;

const FIRST_PAUSE_SECONDS = 1;
const LONGEST_PAUSE_SECONDS = 30;

export type NextStep =
  | { readonly kind: "retry"; readonly delaySeconds: number }
  | { readonly kind: "give up" };

/**
 * What follows a failed attempt. `attempts` counts this one too; `chance` in [0, 1) spreads the delay by a quarter to
 * either side, so that what failed together does not come back together.
 */
export function afterFailure(attempts: number, permanent: boolean, chance: number): NextStep {
  if (permanent || attempts >= MOST_ATTEMPTS) return { kind: "give up" };
  const delay = Math.min(FIRST_DELAY_SECONDS * 2 ** (attempts - 1), LONGEST_DELAY_SECONDS);
  return { kind: "retry", delaySeconds: delay * (0.75 + chance / 2) };
}

/** How long a channel rests of which nobody was there so many times in a row. */
export const pauseSeconds = (times: number, chance: number): number =>
  Math.min(FIRST_PAUSE_SECONDS * 2 ** (times - 1), LONGEST_PAUSE_SECONDS) * (0.75 + chance / 2);

/** Whether a failure says that another attempt would end the same way. */
export const isPermanent = (fault: unknown): boolean => fault instanceof DeliveryRefused && fault.permanent;

export const isChannelDown = (fault: unknown): fault is ChannelDown => fault instanceof ChannelDown;
