import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Tx } from "../../database/database.js";
import { isUniqueViolation } from "../../database/errors.js";
import { secondsAfter } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import type { CountryRule } from "../../platform/settings.js";
import type { Accounts } from "../accounts/accounts.js";
import type { Labels } from "../labels/labels.js";
import type { SmsBudgets } from "./budget.js";
import { createPhoneCodes, type PhoneCodesNeeds } from "./codes.js";
import {
  isServed,
  MOST_GUESSES,
  MOST_PHONES,
  normalisePhone,
  type PhoneNumber,
  UNVERIFIED_SECONDS,
} from "./rules.js";
import { type Phone, UNIQUE_VERIFIED } from "./store.js";

export type { Phone } from "./store.js";

export interface PhonesNeeds extends PhoneCodesNeeds {
  readonly accounts: Accounts;
  readonly labels: Labels;
  readonly budget: SmsBudgets;
  readonly countries: CountryRule;
}

/** Who asks for an SMS. */
export interface Asker {
  readonly accountId: number;
  readonly ip: string;
}

/** Numbers of accounts. Of all accounts that add a number only one can verify it. */
export function createPhones(needs: PhonesNeeds) {
  const { database, store, accounts, labels, budget, clock } = needs;
  const codes = createPhoneCodes(needs);

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
      if (!phone || !(await codes.isCodeOf(phone, code))) throw new Failure(ErrorReason.PHONE_CODE_INVALID);
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
    const replaced = await codes.post(accountId, number).catch(async (fault: unknown) => {
      await giveBack();
      throw fault;
    });
    // One that never left has cost nothing; it was counted when it was asked for.
    if (replaced > 0) await giveBack();
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
