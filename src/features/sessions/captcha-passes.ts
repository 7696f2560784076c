import type { Database } from "../../database/database.js";
import type { Account, Accounts } from "../accounts/accounts.js";
import { normaliseEmail } from "../accounts/email-rules.js";
import type { Tokens } from "../tokens/tokens.js";

const PURPOSE = "captcha_pass";

export interface CaptchaPassesNeeds {
  readonly database: Database;
  readonly accounts: Pick<Accounts, "lock">;
  readonly tokens: Pick<Tokens, "admit" | "take">;
  /** Whether sign-in demands a captcha. */
  readonly isDemanded: boolean;
}

/**
 * Lets one captcha answer serve both halves of a sign-in with a second factor: front ends send it again with the code, while vendors
 * look at it once. A pass is for the same answer and the same address, and only the right password has earned it.
 */
export function createCaptchaPasses({ database, accounts, tokens, isDemanded }: CaptchaPassesNeeds) {
  return {
    /**
     * To be called for an answer that was accepted, when only the second factor is missing or wrong. Replaces the pass for another answer;
     * one for this answer is good again, until five minutes after it was first given.
     */
    async give(account: Pick<Account, "id" | "email">, answer: string | undefined): Promise<void> {
      if (!isDemanded || answer === undefined) return;
      await database.transaction(async (tx) => {
        if (await accounts.lock(account.id, tx))
          await tokens.admit(tokenOf(account.email, answer), account, PURPOSE, tx);
      });
    },

    /** Whether an answer needs no look of the vendor, since it comes back with a code of the second factor. Uses the pass up. */
    async take(
      { email, otpCode }: { readonly email?: string | undefined; readonly otpCode?: string | undefined },
      answer: string | undefined,
    ): Promise<boolean> {
      if (!isDemanded || answer === undefined || email === undefined || !otpCode?.trim()) return false;
      return tokens.take(tokenOf(email, answer), PURPOSE);
    },
  };
}

const tokenOf = (email: string, answer: string): string => JSON.stringify([normaliseEmail(email), answer]);

export type CaptchaPasses = ReturnType<typeof createCaptchaPasses>;
