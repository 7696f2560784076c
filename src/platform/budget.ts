import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { withinCall } from "./deadline.js";
import { Failure } from "./failure.js";

/**
 * Runs `work`, which asks the database, for so many milliseconds at most; then throws Failure(UNAVAILABLE), and what is still waited
 * for is given up. For answers that somebody waits for who has little patience.
 */
export async function withinBudget<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  const budget = new AbortController();
  let spent: (refusal: Failure) => void = () => undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    spent = reject;
  });
  const timer = setTimeout(() => {
    spent(new Failure(ErrorReason.UNAVAILABLE, { retryAfterSeconds: 1 }));
    budget.abort();
  }, milliseconds);
  try {
    // The end of the call is not looked at: signals that follow others cost more than the question itself, and this one ends soon.
    return await Promise.race([withinCall(budget, work), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
