import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Database } from "../../database/database.js";
import { type Clock, secondsAfter } from "../../platform/clock.js";
import { beyondCall } from "../../platform/deadline.js";
import { Failure } from "../../platform/failure.js";
import { randomDigits } from "../../platform/random.js";
import type { Vault } from "../../platform/secrets.js";
import { SmsCheckBarred, type SmsSender, SmsUnavailable } from "../../ports/sms/sms.js";
import type { Outbox } from "../outbox/outbox.js";
import { SMS_CHANNEL, type SmsParcel } from "./courier.js";
import { CODE_DIGITS, CODE_SECONDS, normaliseCode, smsText } from "./rules.js";
import type { Phone, PhoneStore } from "./store.js";

export interface PhoneCodesNeeds {
  readonly database: Database;
  readonly store: PhoneStore;
  readonly outbox: Pick<Outbox, "post">;
  readonly sms: Pick<SmsSender, "check">;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly appName: string;
  /** With `{code}` and perhaps `{app}`. */
  readonly smsTemplate: string;
}

const TOPIC = "phone_verification";

/** Codes that are texted to numbers, and whether somebody has read them. */
export function createPhoneCodes(needs: PhoneCodesNeeds) {
  const { database, store, outbox, sms, vault, clock, appName, smsTemplate } = needs;

  return {
    /** Writes a code and its SMS; answers how many that had not left it takes the place of. */
    async post(accountId: number, number: string): Promise<number> {
      const code = randomDigits(CODE_DIGITS);
      const codeHash = vault.fingerprint(code, codeContext(accountId, number));
      const parcel: SmsParcel = {
        number,
        text: smsText(smsTemplate, { app: appName, code }),
        code,
        codeHash,
      };
      const way = { channel: SMS_CHANNEL, topic: TOPIC, accountId, recipient: number, supersedes: true };
      return database.transaction(async (tx) => {
        const now = clock();
        const expiresAt = secondsAfter(now, CODE_SECONDS);
        const replaced = await outbox.post(tx, { ...way, payload: parcel, expiresAt });
        // Such a code costs nothing, and so must bring no new guesses.
        const newCode = { hash: codeHash, expiresAt, keepsGuesses: replaced > 0 };
        // Verified by a call at the same moment.
        if (!(await store.setCode(accountId, number, newCode, now, tx)))
          throw new Failure(ErrorReason.PHONE_NUMBER_TAKEN);
        return replaced;
      });
    },

    /**
     * Whether a guess is the code of a number, after the guess was counted. Throws {@link SmsUnavailable}, or Failure(TOO_MANY_REQUESTS)
     * when the vendor who knows the code looks at none.
     */
    async isCodeOf(phone: Phone, code: string): Promise<boolean> {
      const { userId, number, codeHash, codeCheckedBy } = phone;
      if (codeHash === null) return false;
      const guess = normaliseCode(code);
      if (codeCheckedBy === null) {
        return vault.isFingerprint(codeHash, guess, codeContext(Number(userId), number));
      }
      try {
        return await sms.check(codeCheckedBy, `+${number}`, guess);
      } catch (fault) {
        // Nobody has looked at the guess.
        if (fault instanceof SmsCheckBarred || (fault instanceof SmsUnavailable && fault.isDown)) {
          await beyondCall(() => database.transaction((tx) => store.uncountGuess(phone, tx)));
        }
        // By then the vendor has forgotten the wrong ones, and this code is over as well.
        if (fault instanceof SmsCheckBarred) throw tooManyUntil(phone.codeExpiresAt, fault);
        throw fault;
      }
    },
  };

  function tooManyUntil(moment: Date | null, cause: unknown): Failure {
    const now = clock();
    const retryAfterSeconds = Math.max(1, Math.ceil(((moment ?? now).getTime() - now.getTime()) / 1000));
    return new Failure(ErrorReason.TOO_MANY_REQUESTS, { retryAfterSeconds, cause });
  }
}

/** A fingerprint for this number of this account is good for no other. */
const codeContext = (accountId: number, number: string): string => `phone_code:${accountId}:${number}`;
