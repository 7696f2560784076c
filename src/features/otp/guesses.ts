import { beyondCall } from "../../platform/deadline.js";
import { Failure } from "../../platform/failure.js";
import { type CountedGuess, countUnlessSpent, createKnownClients } from "../throttles/known-clients.js";
import type { Throttles } from "../throttles/throttles.js";

/** Guesses at the codes of an account by all clients that are not known. */
const UNKNOWN_CLIENTS = { calls: 10, seconds: 900 };

/** Guesses of one session or device, and of all of an account. */
const PER_KNOWN_CLIENT = { calls: 10, seconds: 900 };
const KNOWN_CLIENTS = { calls: 50, seconds: 900 };

/** Who guesses at a code: a session, or in a sign-in the device in which the account's owner has signed in before. */
export interface Guesser {
  readonly kind: "session" | "device";
  readonly id: string;
}

/**
 * Counts guesses at one-time codes. Those who are not known share a count, so whoever has the password can use it up; sessions and known
 * devices have their own.
 */
export function createGuesses(throttles: Throttles) {
  const known = createKnownClients({
    throttles,
    secret: "one-time code",
    perClient: PER_KNOWN_CLIENT,
    perAccount: KNOWN_CLIENTS,
  });

  async function countUnknown(accountId: number): Promise<CountedGuess> {
    const bucket = `otp:${accountId}`;
    await throttles.spend(bucket, UNKNOWN_CLIENTS);
    return { forgive: () => throttles.forget(bucket), refund: () => throttles.refund(bucket) };
  }

  return {
    /**
     * Judges a guess, and answers whether it is right. It is counted before, so that parallel guesses count too. Throws
     * Failure(TOO_MANY_REQUESTS) when none is left.
     */
    async judged(
      accountId: number,
      guesser: Guesser | undefined,
      judge: () => Promise<boolean>,
    ): Promise<boolean> {
      const guess = await count(accountId, guesser);
      try {
        const isRight = await judge();
        if (isRight) await guess.forgive();
        return isRight;
      } catch (error) {
        if (!(error instanceof Failure)) await beyondCall(() => guess.refund());
        throw error;
      }
    },
  };

  async function count(accountId: number, guesser: Guesser | undefined): Promise<CountedGuess> {
    if (guesser === undefined) return countUnknown(accountId);
    const own = () => known.count(accountId, `${guesser.kind}:${guesser.id}`);
    if (guesser.kind === "session") return own();
    // A device that has failed too often is as good as one that is not known.
    return (await countUnlessSpent(own)) ?? countUnknown(accountId);
  }
}
