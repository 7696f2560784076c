import { networkOf } from "../../platform/network.js";
import { createCounters } from "./counters.js";

const MOST_A_MINUTE = 100;

/** Counts wrong signatures of a key by the network they came from, so that nobody locks an owner out who is elsewhere. */
export function createWrongSignatures({ enabled }: { readonly enabled: boolean }) {
  const counters = createCounters(MOST_A_MINUTE);
  const nameOf = (kid: string, ip: string): string => `${kid} ${networkOf(ip)}`;

  return {
    /** Throws Failure(TOO_MANY_REQUESTS) after too many of them. */
    refuseGuesser: (kid: string, ip: string, now: Date): void => counters.refuseBeyond(nameOf(kid, ip), now),

    count(kid: string, ip: string, now: Date): void {
      if (enabled) counters.count(nameOf(kid, ip), now);
    },
  };
}
