import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Database, Tx } from "../../database/database.js";
import type { Audit, Caller } from "../../platform/call.js";
import type { Clock } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import type { Vault } from "../../platform/secrets.js";
import type { Account, Accounts, OwnSession } from "../accounts/accounts.js";
import type { Activities } from "../activities/activities.js";
import type { ApiKeys } from "../api-keys/api-keys.js";
import type { Mails } from "../mails/mails.js";
import type { Throttles } from "../throttles/throttles.js";
import { createGuesses, type Guesser } from "./guesses.js";
import { qrCode } from "./qr-code.js";
import type { OtpStore } from "./store.js";
import { matchingStep, newSeed, otpauthUrl } from "./totp.js";

export interface OtpNeeds {
  readonly database: Database;
  readonly store: OtpStore;
  readonly accounts: Accounts;
  readonly activities: Activities;
  readonly apiKeys: Pick<ApiKeys, "deactivateAll">;
  readonly mails: Pick<Mails, "notify">;
  readonly throttles: Throttles;
  readonly vault: Vault;
  readonly clock: Clock;
  /** Shown by authenticator applications. */
  readonly appName: string;
}

/** A seed as an authenticator application reads it. */
export interface SeedToScan {
  /** The address as a QR code, a PNG in base64. */
  readonly barcode: string;
  readonly url: string;
}

/** Time-based one-time codes (RFC 6238) as the second factor. Seeds are stored encrypted. */
export function createOtp(needs: OtpNeeds) {
  const { database, store, accounts, activities, apiKeys, mails, vault, clock, appName } = needs;
  const guesses = createGuesses(needs.throttles);

  /** Whether the code is right for the account; uses it up. */
  function accepts({ id }: Pick<Account, "id">, code: string, guesser?: Guesser): Promise<boolean> {
    return guesses.judged(id, guesser, () => useCode(id, code));
  }

  return {
    /**
     * Whether the code is right for the account now. Throws Failure(TOTP_REUSED) when its time step was used before, and
     * Failure(TOO_MANY_REQUESTS) after too many guesses: of the `guesser`, or without one, of all who are not known.
     */
    accepts,

    /** Makes a seed to enrol with; one that was made before and not enabled is void. */
    async enrol({ accountId, email }: Caller, audit: Audit): Promise<SeedToScan> {
      const seed = newSeed();
      const seedEncrypted = vault.seal(seed, seedContext(accountId));
      await database.transaction(async (tx) => {
        await lockWithoutOtp(accountId, tx);
        await store.replace({ userId: accountId, seedEncrypted, lastStep: null, createdAt: clock() }, tx);
        await activities.succeeded(audit, accountId, tx);
      });
      const url = otpauthUrl({ issuer: appName, account: email, seed });
      return { barcode: await qrCode(url), url };
    },

    /** Switches two-factor authentication on for who proves to hold the seed, and ends the sessions; `own` goes on. */
    async enable(caller: Caller, code: string, audit: Audit, own?: OwnSession): Promise<void> {
      const { accountId, otp } = caller;
      const about = { accountId };
      // Before a guess is spent: nobody is told anything about the codes of a seed in use.
      if (otp) throw new Failure(ErrorReason.OTP_ALREADY_ENABLED, { about });
      const isRight = await guesses.judged(accountId, sessionOf(caller), () =>
        database.transaction(async (tx) => {
          const account = await lockWithoutOtp(accountId, tx);
          if (!(await useCode(accountId, code, tx))) return false;
          await accounts.setOtp(account, true, tx, own);
          await mails.notify(tx, account, "otp_enabled", { origin: audit });
          // Keys cannot be made without a second factor: an active one is left from before it was switched off.
          await apiKeys.deactivateAll(account, { cause: "2FA enabled", origin: audit }, tx);
          await activities.succeeded(audit, accountId, tx);
          return true;
        }),
      );
      if (!isRight) throw new Failure(ErrorReason.OTP_CODE_INVALID, { about });
    },

    /**
     * Switches two-factor authentication off, and the API keys with it. Its seed is forgotten: who wants it again enrols anew, which does
     * not bring the keys back.
     */
    async disable(account: Account, tx: Tx): Promise<void> {
      await store.delete(account.id, tx);
      await accounts.setOtp(account, false, tx);
      if (account.otp) await mails.notify(tx, account, "otp_disabled");
      await apiKeys.deactivateAll(account, { cause: "2FA disabled" }, tx);
    },

    /** Throws a Failure unless the code is right. */
    async verify(caller: Caller, code: string): Promise<void> {
      const { accountId, otp } = caller;
      const about = { accountId };
      if (!otp) throw new Failure(ErrorReason.OTP_NOT_ENABLED, { about });
      if (!(await accepts({ id: accountId }, code, sessionOf(caller))))
        throw new Failure(ErrorReason.OTP_CODE_INVALID, { about });
    },

    /** The proof that some methods ask of somebody who has signed in. */
    async proveSecondFactor(caller: Caller, code: string): Promise<void> {
      const isRight = await accepts({ id: caller.accountId }, code, sessionOf(caller));
      if (!isRight) throw new Failure(ErrorReason.SECOND_FACTOR_INVALID);
    },
  };

  async function useCode(accountId: number, code: string, tx?: Tx): Promise<boolean> {
    const row = await store.find(accountId, tx);
    if (!row) return false;
    const seed = vault.open(row.seedEncrypted, seedContext(accountId)).toString("utf8");
    const step = matchingStep(seed, code, clock());
    if (step === undefined) return false;
    if (!(await store.useStep(row, step, tx))) throw new Failure(ErrorReason.TOTP_REUSED);
    return true;
  }

  /** Held until commit, so that a new seed never takes the place of one that is enabled at the same time. */
  async function lockWithoutOtp(accountId: number, tx: Tx): Promise<Account> {
    const account = await accounts.lock(accountId, tx);
    if (!account) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
    if (account.otp) throw new Failure(ErrorReason.OTP_ALREADY_ENABLED, { about: { accountId } });
    return account;
  }
}

export type Otp = ReturnType<typeof createOtp>;

/** A caller has signed in. Bearer tokens that do not tell their session count as one. */
const sessionOf = ({ sessionId }: Caller): Guesser => ({
  kind: "session",
  id: sessionId === undefined ? "bearer" : String(sessionId),
});

const seedContext = (accountId: number): string => `otp_seed:${accountId}`;
