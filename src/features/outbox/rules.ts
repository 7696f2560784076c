import { ChannelDown, DeliveryRefused, DestinationDown } from "../../ports/delivery.js";

/** With the delays below, a parcel is given up after about four hours. */
export const MOST_ATTEMPTS = 24;

const FIRST_DELAY_SECONDS = 5;
const LONGEST_DELAY_SECONDS = 900;

const FIRST_PAUSE_SECONDS = 1;
const LONGEST_PAUSE_SECONDS = 30;

const SHORTEST_WAIT_SECONDS = 5;
const LONGEST_WAIT_SECONDS = 300;

export type NextStep =
  | { readonly kind: "retry"; readonly delaySeconds: number }
  | { readonly kind: "give up" };

/**
 * What follows a failed attempt. `attempts` counts this one too; `chance` in [0, 1) spreads the delay by a quarter to
 * either side, so that what failed together does not come back together. It is not shorter than what the other side has asked for.
 */
export function afterFailure(
  attempts: number,
  permanent: boolean,
  chance: number,
  askedSeconds = 0,
): NextStep {
  if (permanent || attempts >= MOST_ATTEMPTS) return { kind: "give up" };
  const delay = Math.min(FIRST_DELAY_SECONDS * 2 ** (attempts - 1), LONGEST_DELAY_SECONDS);
  const asked = Math.min(askedSeconds, LONGEST_DELAY_SECONDS);
  return { kind: "retry", delaySeconds: Math.max(delay * (0.75 + chance / 2), asked * (1 + chance / 4)) };
}

/** How long a channel rests of which nobody was there so many times in a row. */
export const pauseSeconds = (times: number, chance: number): number =>
  Math.min(FIRST_PAUSE_SECONDS * 2 ** (times - 1), LONGEST_PAUSE_SECONDS) * (0.75 + chance / 2);

/**
 * When to look again whether a destination takes something: when it says so, else after as long again as the parcel has waited already, so
 * that a mistake which lasts costs little.
 */
export function waitSeconds(
  { retrySeconds }: DestinationDown,
  waitedSeconds: number,
  chance: number,
): number {
  const seconds =
    retrySeconds ?? Math.max(SHORTEST_WAIT_SECONDS, Math.min(waitedSeconds, LONGEST_WAIT_SECONDS));
  return seconds * (0.75 + chance / 2);
}

/** Whether a failure says that another attempt would end the same way. */
export const isPermanent = (fault: unknown): boolean => fault instanceof DeliveryRefused && fault.permanent;

/** How long the other side wants to be left alone; undefined when it did not say. */
export const askedSeconds = (fault: unknown): number | undefined =>
  fault instanceof DeliveryRefused ? fault.retrySeconds : undefined;

export const isDestinationDown = (fault: unknown): fault is DestinationDown =>
  fault instanceof DestinationDown;

export const isChannelDown = (fault: unknown): fault is ChannelDown => fault instanceof ChannelDown;
