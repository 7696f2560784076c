import { type Clock, secondsAfter } from "../../platform/clock.js";
import type { Logger } from "../../platform/logger.js";
import type { Captcha } from "./captcha.js";
import { VendorDown } from "./vendor.js";

const SECONDS_BETWEEN_WARNINGS = 60;

/** Asks for these actions alone; all others pass. */
export const onlyFor = (actions: readonly string[], captcha: Captcha): Captcha => ({
  ...captcha,
  async verify(answer, occasion) {
    if (actions.includes(occasion.action)) await captcha.verify(answer, occasion);
  },
});

/** Lets requests with an answer pass while the vendor is down, and warns of it once a minute. Whom the vendor refuses stays refused. */
export function openWhenDown(captcha: Captcha, { clock, logger }: { clock: Clock; logger: Logger }): Captcha {
  let unchecked = 0;
  let quietUntil: Date | undefined;

  return {
    ...captcha,
    async verify(answer, occasion) {
      try {
        await captcha.verify(answer, occasion);
      } catch (fault) {
        if (!(fault instanceof VendorDown)) throw fault;
        unchecked += 1;
        if (quietUntil !== undefined && clock() < quietUntil) return;
        logger.warn(
          { reason: fault.word, unchecked },
          "the captcha vendor is down: requests pass without being checked",
        );
        quietUntil = secondsAfter(clock(), SECONDS_BETWEEN_WARNINGS);
        unchecked = 0;
      }
    },
  };
}
