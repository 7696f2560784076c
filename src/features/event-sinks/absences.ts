import type { Clock } from "../../platform/clock.js";

/** How long listeners may take to start, or to start again, and to bind their queues. */
const STARTING_MS = 30_000;

/** Since when nobody listens for a name for which somebody has listened, or that nobody ever has as long as there was time to. */
type Absence = { readonly since: number | undefined } | "nobody";

/** Whether listeners that are not there may come soon: their queues are gone while they, or the broker, start again. */
export function createAbsences(clock: Clock) {
  const absences = new Map<string, Absence>();

  function isGoneForGood(name: string, connectedMs: number): boolean {
    const absence = absences.get(name);
    if (absence === "nobody") return true;
    const isSettled = connectedMs >= STARTING_MS;
    // Another process, or this one before it was started again, may have been heard.
    if (absence === undefined) return isSettled;
    const now = clock().getTime();
    const { since = now } = absence;
    absences.set(name, { since });
    return isSettled && now - since >= STARTING_MS;
  }

  return {
    heard(name: string): void {
      absences.set(name, { since: undefined });
    },

    /** Nobody listens for the name, at a broker with which we are connected for so long. */
    mayEnd(name: string, connectedMs: number): boolean {
      const isOver = isGoneForGood(name, connectedMs);
      // Waited for once: the next event of that name is dropped at once.
      if (isOver) absences.set(name, "nobody");
      return !isOver;
    },
  };
}
