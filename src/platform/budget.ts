import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { type CallLimits, withinCall } from "./deadline.js";
import { Failure } from "./failure.js";

/**
 * Runs `work`, which asks the database, for so many milliseconds at most; then throws Failure(UNAVAILABLE), and what is still waited
 * for is given up. For answers that somebody waits for who has little patience.
 */
export function withinBudget<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const budget = new Budget();
    // The end of the call is not looked at: signals that follow others cost more than the question itself, and this one ends soon.
    const working = withinCall(budget, work);
    const timer = setTimeout(() => {
      reject(new Failure(ErrorReason.UNAVAILABLE, { retryAfterSeconds: 1 }));
      budget.spend();
    }, milliseconds);
    const end =
      <Outcome>(tell: (outcome: Outcome) => void) =>
      (outcome: Outcome): void => {
        clearTimeout(timer);
        tell(outcome);
      };
    working.then(end(resolve), end(reject));
  });
}

/** Makes its signal for those who look at it, as it costs as much as all the rest. */
class Budget implements CallLimits {
  #controller: AbortController | undefined;
  #isSpent = false;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isSpent) this.#controller.abort();
    return this.#controller.signal;
  }

  spend(): void {
    this.#isSpent = true;
    this.#controller?.abort();
  }
}
