import { setImmediate as nextTurn } from "node:timers/promises";
import { monotonicMilliseconds } from "../../platform/clock.js";

// Statements answer at once, so that busy flows could follow each other as microtasks for ever, and no timer or
// socket would be served. A turn of the event loop may spend this long on statements.
const TURN_MILLISECONDS = 3;

let turnStarted: number | undefined;

/** Resolves at once, or in the next turn of the event loop when this one has lasted long enough. */
export async function fairTurn(): Promise<void> {
  const now = monotonicMilliseconds();
  if (turnStarted === undefined) {
    turnStarted = now;
    setImmediate(() => {
      turnStarted = undefined;
    });
  }
  if (now - turnStarted > TURN_MILLISECONDS) await nextTurn();
}
