import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { beyondCall } from "../../platform/deadline.js";
import { Failure } from "../../platform/failure.js";
import type { Allowance, Throttles } from "./throttles.js";

/** A guess that has been counted, and is judged next. */
export interface CountedGuess {
  /** To be called when it was right: the client starts afresh. */
  forgive(): Promise<void>;
  /** To be called when it could not be judged, such as by a server with too much to do. */
  refund(): Promise<void>;
}

export interface KnownClientsDeps {
  readonly throttles: Throttles;
  /** What is guessed at. */
  readonly secret: "password" | "one-time code";
  /** Guesses of one client. */
  readonly perClient: Allowance;
  /** Guesses of all known clients of an account. */
  readonly perAccount: Allowance;
}

/**
 * Counts guesses of clients that an account is known to use, such as its sessions and devices. Each has a count of its own, so that nobody
 * else's guesses keep the owner out, and all of them share a ceiling, so that stolen ones do not add up without a bound.
 */
export function createKnownClients({ throttles, secret, perClient, perAccount }: KnownClientsDeps) {
  return {
    /** Counts a guess; throws Failure(TOO_MANY_REQUESTS) when the client, or the account's known clients together, have none left. */
    async count(accountId: number, client: string): Promise<CountedGuess> {
      const own = JSON.stringify([secret, "known client", accountId, client]);
      const all = JSON.stringify([secret, "known clients", accountId]);
      await throttles.spend(own, perClient);
      try {
        await throttles.spend(all, perAccount);
      } catch (error) {
        await beyondCall(() => throttles.refund(own));
        throw error;
      }
      return {
        async forgive() {
          await throttles.forget(own);
          // Its own guess alone: the owner's successes do not give a stolen session more of them.
          await throttles.refund(all);
        },
        async refund() {
          await throttles.refund(own);
          await throttles.refund(all);
        },
      };
    },
  };
}

/** The result of `count`, or undefined when no guesses are left. */
export async function countUnlessSpent(
  count: () => Promise<CountedGuess>,
): Promise<CountedGuess | undefined> {
  try {
    return await count();
  } catch (error) {
    if (error instanceof Failure && error.reasons.includes(ErrorReason.TOO_MANY_REQUESTS)) return undefined;
    throw error;
  }
}
