import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Database, Tx } from "../../database/database.js";
import { isUniqueViolation } from "../../database/errors.js";
import { type Clock, secondsAfter } from "../../platform/clock.js";
import { beyondCall } from "../../platform/deadline.js";
import { Failure } from "../../platform/failure.js";
import { randomDigits } from "../../platform/random.js";
import type { Vault } from "../../platform/secrets.js";
import type { CountryRule } from "../../platform/settings.js";
import { type SmsSender, SmsUnavailable } from "../../ports/sms/sms.js";
import type { Accounts } from "../accounts/accounts.js";
import type { Labels } from "../labels/labels.js";
import type { Outbox } from "../outbox/outbox.js";
import type { SmsBudgets } from "./budget.js";
import { SMS_CHANNEL, type SmsParcel } from "./courier.js";
import {
  CODE_DIGITS,
  CODE_SECONDS,
  isServed,
  MOST_GUESSES,
  MOST_PHONES,
  normaliseCode,
  normalisePhone,
  type PhoneNumber,
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
  readonly budget: SmsBudgets;
  readonly outbox: Pick<Outbox, "post">;
  readonly sms: Pick<SmsSender, "check">;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly appName: string;
  /** With `{code}` and perhaps `{app}`. */
  readonly smsTemplate: string;
  readonly countries: CountryRule;
}

/** Who asks for an SMS. */
export interface Asker {
  readonly accountId: number;
  readonly ip: string;
}

const TOPIC = "phone_verification";

/** Numbers of accounts. Of all accounts that add a number only one can verify it. */
export function createPhones(needs: PhonesNeeds) {
  const { database, store, accounts, labels, budget, outbox, sms, vault, clock, appName, smsTemplate } =
    needs;

  return {
    ofAccount: store.ofAccount,

    /** Adds a number to an account and has a code texted to it. When too many were, the number is kept. */
    async add(asker: Asker, text: string): Promise<void> {
      const phone = reachablePhoneIn(text);
      await database.transaction(async (tx) => {
        await accounts.lock(asker.accountId, tx);
        await refuseVerified(phone.number, tx);
        await makeRoom(asker.accountId, phone.number, tx);
        await store.insert({ userId: asker.accountId, ...phone }, clock(), tx);
      });
      await textCode(asker, phone);
    },

    /** Has another code texted to a number of an account; the one before is void. */
    async sendCode(asker: Asker, text: string): Promise<void> {
      const phone = reachablePhoneIn(text);
      await refuseVerified(phone.number);
      if (!(await store.find(asker.accountId, phone.number))) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
      await textCode(asker, phone);
    },

    /** Verifies a number of an account by its code, labels the account and raises its level. */
    async verify(accountId: number, text: string, code: string): Promise<void> {
      const { number } = phoneIn(text);
      await refuseVerified(number);
      // Committed before the code is looked at, so that no guess goes uncounted.
      const phone = await database.transaction((tx) =>
        store.countGuess(accountId, number, MOST_GUESSES, clock(), tx),
      );
      if (!phone || !(await isCodeOf(phone, code))) throw new Failure(ErrorReason.PHONE_CODE_INVALID);
      await database.transaction((tx) => settle(phone, tx));
    },
  };

  function reachablePhoneIn(text: string): PhoneNumber {
    const phone = phoneIn(text);
    if (!isServed(phone.country, needs.countries)) throw new Failure(ErrorReason.PHONE_INVALID);
    return phone;
  }

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

  async function textCode({ accountId, ip }: Asker, phone: PhoneNumber): Promise<void> {
    const { number } = phone;
    const giveBack = await budget.spend({ accountId, phone, ip });
    const code = randomDigits(CODE_DIGITS);
    const codeHash = vault.fingerprint(code, codeContext(accountId, number));
    const parcel: SmsParcel = {
      number,
      text: smsText(smsTemplate, { app: appName, code }),
      code,
      codeHash,
    };
    const way = { channel: SMS_CHANNEL, topic: TOPIC, accountId, recipient: number, supersedes: true };
    const replaced = await database.transaction(async (tx) => {
      const now = clock();
      const expiresAt = secondsAfter(now, CODE_SECONDS);
      // Verified by a call at the same moment.
      if (!(await store.setCode(accountId, number, { hash: codeHash, expiresAt }, now, tx)))
        throw new Failure(ErrorReason.PHONE_NUMBER_TAKEN);
      return outbox.post(tx, { ...way, payload: parcel, expiresAt });
    });
    // One that never left has cost nothing; it was counted when it was asked for.
    if (replaced > 0) await giveBack();
  }

  async function isCodeOf(phone: Phone, code: string): Promise<boolean> {
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
      if (fault instanceof SmsUnavailable && fault.isDown) {
        await beyondCall(() => database.transaction((tx) => store.uncountGuess(phone, tx)));
      }
      throw fault;
    }
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

/** A fingerprint for this number of this account is good for no other. */
const codeContext = (accountId: number, number: string): string => `phone_code:${accountId}:${number}`;
