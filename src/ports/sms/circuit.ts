import { type Clock, secondsAfter } from "../../platform/clock.js";

const FIRST_REST_SECONDS = 5;
const LONGEST_REST_SECONDS = 60;

/** Spares whoever has failed, and us the wait for him. */
export interface Circuit {
  /** Whether to ask now. After a rest one may try; the others go on resting until he reports. */
  enter(): boolean;
  succeeded(): void;
  /** He could not be reached, and rests: longer each time in a row. Answers whether he had not rested before. */
  failed(): boolean;
  /** He was there, or was not asked after all: whatever this says about others, he did not fail. */
  left(): void;
}

export function createCircuit(clock: Clock): Circuit {
  let failures = 0;
  let restsUntil: Date | undefined;
  let isTrying = false;

  const restSeconds = () => Math.min(FIRST_REST_SECONDS * 2 ** (failures - 1), LONGEST_REST_SECONDS);

  return {
    enter() {
      if (restsUntil === undefined) return true;
      if (isTrying || clock() < restsUntil) return false;
      isTrying = true;
      return true;
    },

    succeeded() {
      failures = 0;
      restsUntil = undefined;
      isTrying = false;
    },

    failed() {
      const isNews = restsUntil === undefined;
      // Of many that were under way together, one opens it.
      if (restsUntil === undefined || isTrying) {
        failures += 1;
        restsUntil = secondsAfter(clock(), restSeconds());
      }
      isTrying = false;
      return isNews;
    },

    left() {
      isTrying = false;
    },
  };
}
