import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { beyondCall } from "../../platform/deadline.js";
import { Failure } from "../../platform/failure.js";
import type { Logger } from "../../platform/logger.js";
import type { Throttles } from "../throttles/throttles.js";
import { type AskedSms, type SmsLimits, smsBudgets } from "./rules.js";

export interface SmsBudgetNeeds {
  readonly throttles: Throttles;
  readonly limits: SmsLimits;
  readonly logger: Logger;
}

/** What SMS may cost: of one person, and of those who make somebody else's money by them. */
export function createSmsBudget({ throttles, limits, logger }: SmsBudgetNeeds) {
  return {
    /**
     * Counts an SMS in all budgets, or throws Failure(TOO_MANY_REQUESTS) and counts it in none. Answers how to take it back, which fails
     * silently.
     */
    async spend(asked: AskedSms): Promise<() => Promise<void>> {
      const spent: string[] = [];
      const giveBack = async () => {
        await beyondCall(() => Promise.allSettled(spent.map((bucket) => throttles.refund(bucket))));
      };
      for (const { name, bucket, allowance } of smsBudgets(asked, limits)) {
        try {
          // To its end, also when the call is left meanwhile: else nobody would know whether it was counted.
          await beyondCall(() => throttles.spend(bucket, allowance));
        } catch (fault) {
          await giveBack();
          if (isSpent(fault)) {
            const { accountId, phone } = asked;
            logger.warn({ budget: name, accountId, country: phone.country }, "an SMS was refused");
          }
          throw fault;
        }
        spent.push(bucket);
      }
      return giveBack;
    },
  };
}

export type SmsBudgets = ReturnType<typeof createSmsBudget>;

const isSpent = (fault: unknown): boolean =>
  fault instanceof Failure && fault.reasons.includes(ErrorReason.TOO_MANY_REQUESTS);
