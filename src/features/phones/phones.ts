import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Database, Tx } from "../../database/database.js";
import { isUniqueViolation } from "../../database/errors.js";
import { type Clock, secondsAfter } from "../../platform/clock.js";
import { beyondCall } from "../../platform/deadline.js";
import { Failure } from "../../platform/failure.js";
import { randomDigits } from "../../platform/random.js";
import type { Vault } from "../../platform/secrets.js";
import { type SmsSender, SmsUnavailable } from "../../ports/sms/sms.js";
import type { Accounts } from "../accounts/accounts.js";
import type { Labels } from "../labels/labels.js";
import type { Throttles } from "../throttles/throttles.js";
import {
  CODE_DIGITS,
  CODE_SECONDS,
  MOST_GUESSES,
  MOST_PHONES,
  normaliseCode,
  normalisePhone,
  type PhoneNumber,
  SMS_OF_ACCOUNT,
  SMS_OF_ALL,
  smsText,
  UNVERIFIED_SECONDS,
} from "./rules.js";
import { type Phone, type PhoneStore, UNIQUE_VERIFIED } from "./store.js";

export type { Phone } from "./store.js";

export interface PhonesNeeds {
  readonly database: Database;
  readonly store: PhoneStore;
  readonly accounts: Accounts;
  readonly labels: Labels;
  readonly throttles: Throttles;
  readonly sms: SmsSender;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly appName: string;
  /** With `{code}` and perhaps `{app}`. */
  readonly smsTemplate: string;
}

/** Numbers of accounts. Of all accounts that add a number only one can verify it. */
export function createPhones(needs: PhonesNeeds) {
  const { database, store, accounts, labels, throttles, sms, vault, clock, appName, smsTemplate } = needs;

  return {
    ofAccount: store.ofAccount,

    /** Adds a number to an account and texts a code to it. When that fails, the number is kept. */
    async add(accountId: number, text: string): Promise<void> {
      const phone = phoneIn(text);
      await database.transaction(async (tx) => {
        await accounts.lock(accountId, tx);
        await refuseVerified(phone.number, tx);
        await makeRoom(accountId, phone.number, tx);
        await store.insert({ userId: accountId, ...phone }, clock(), tx);
      });
      await textCode(accountId, phone.number);
    },

    /** Texts another code to a number of an account; the one before is void. */
    async sendCode(accountId: number, text: string): Promise<void> {
      const { number } = phoneIn(text);
      await refuseVerified(number);
      if (!(await store.find(accountId, number))) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
      await textCode(accountId, number);
    },

    /** Verifies a number of an account by its code, labels the account and raises its level. */
    async verify(accountId: number, text: string, code: string): Promise<void> {
      const { number } = phoneIn(text);
      await refuseVerified(number);
      // Committed before the code is looked at, so that no guess goes uncounted.
      const phone = await database.transaction((tx) =>
        store.countGuess(accountId, number, MOST_GUESSES, clock(), tx),
      );
      if (!phone || !isCodeOf(phone, code)) throw new Failure(ErrorReason.PHONE_CODE_INVALID);
      await database.transaction((tx) => settle(phone, tx));
    },
  };

  async function refuseVerified(number: string, tx?: Tx): Promise<void> {
    if (await store.isVerified(number, tx)) throw new Failure(ErrorReason.PHONE_NUMBER_TAKEN);
  }

  async function makeRoom(accountId: number, number: string, tx: Tx): Promise<void> {
    const present = await store.ofAccount(accountId, tx);
    if (present.some((phone) => phone.number === number)) throw new Failure(ErrorReason.PHONE_EXISTS);
    if (present.length < MOST_PHONES) return;
    const deleted = await store.deleteUnverified(accountId, secondsAfter(clock(), -UNVERIFIED_SECONDS), tx);
    if (present.length - deleted >= MOST_PHONES) throw new Failure(ErrorReason.PHONE_LIMIT_REACHED);
  }

  async function textCode(accountId: number, number: string): Promise<void> {
    const allowances = allowancesOf(accountId, number);
    for (const { bucket, allowance } of allowances) await throttles.spend(bucket, allowance);
    const code = randomDigits(CODE_DIGITS);
    const hash = vault.fingerprint(code, codeContext(accountId, number));
    await database.transaction(async (tx) => {
      const now = clock();
      const expiresAt = secondsAfter(now, CODE_SECONDS);
      // Verified by a call at the same moment.
      if (!(await store.setCode(accountId, number, { hash, expiresAt }, now, tx)))
        throw new Failure(ErrorReason.PHONE_NUMBER_TAKEN);
    });
    try {
      await sms.send({ to: `+${number}`, text: smsText(smsTemplate, { app: appName, code }), code });
    } catch (fault) {
      // What a vendor that is down did not send costs nothing; what it refuses may be asked for again and again.
      if (fault instanceof SmsUnavailable) await giveBack(allowances);
      throw fault;
    }
  }

  async function giveBack(allowances: ReturnType<typeof allowancesOf>): Promise<void> {
    await beyondCall(() => Promise.allSettled(allowances.map(({ bucket }) => throttles.refund(bucket))));
  }

  function isCodeOf({ userId, number, codeHash }: Phone, code: string): boolean {
    if (codeHash === null) return false;
    return vault.isFingerprint(codeHash, normaliseCode(code), codeContext(Number(userId), number));
  }

  async function settle(phone: Phone, tx: Tx): Promise<void> {
    const account = { id: Number(phone.userId) };
    await accounts.lock(account.id, tx);
    try {
      if (!(await store.verify(phone, clock(), tx))) throw new Failure(ErrorReason.PHONE_CODE_INVALID);
    } catch (fault) {
      if (isUniqueViolation(fault, UNIQUE_VERIFIED)) {
        throw new Failure(ErrorReason.PHONE_NUMBER_TAKEN, { cause: fault });
      }
      throw fault;
    }
    await labels.setPrivate(account, "phone", "verified", tx);
  }
}

export type Phones = ReturnType<typeof createPhones>;

function phoneIn(text: string): PhoneNumber {
  const phone = normalisePhone(text);
  if (!phone) throw new Failure(ErrorReason.PHONE_INVALID);
  return phone;
}

const allowancesOf = (accountId: number, number: string) => [
  ...SMS_OF_ACCOUNT.map((allowance) => ({
    bucket: `sms:${allowance.seconds}:${number}:${accountId}`,
    allowance,
  })),
  { bucket: `sms:${number}`, allowance: SMS_OF_ALL },
];

/** A fingerprint for this number of this account is good for no other. */
const codeContext = (accountId: number, number: string): string => `phone_code:${accountId}:${number}`;
