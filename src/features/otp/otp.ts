import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Tx } from "../../database/database.js";
import type { Clock } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import type { Vault } from "../../platform/secrets.js";
import type { Account, Accounts } from "../accounts/accounts.js";
import type { OtpStore } from "./store.js";
import { matchingStep } from "./totp.js";

export interface OtpNeeds {
  readonly store: OtpStore;
  readonly accounts: Accounts;
  readonly vault: Vault;
  readonly clock: Clock;
}

/** Time-based one-time codes (RFC 6238). Seeds are stored encrypted. */
export function createOtp({ store, accounts, vault, clock }: OtpNeeds) {
  return {
    /** Whether the code is right for the account now; throws Failure(TOTP_REUSED) when its time step was used before. */
    async accepts(account: Pick<Account, "id">, code: string): Promise<boolean> {
      const row = await store.find(account.id);
      if (!row) return false;
      const seed = vault.open(row.seedEncrypted, seedContext(account.id)).toString("utf8");
      const step = matchingStep(seed, code, clock());
      if (step === undefined) return false;
      if (!(await store.useStep(account.id, step))) throw new Failure(ErrorReason.TOTP_REUSED);
      return true;
    },

    /** Switches two-factor authentication on with a seed (base32) that the owner has proved to hold. */
    async enable(account: Pick<Account, "id">, seed: string, tx: Tx): Promise<void> {
      const seedEncrypted = vault.seal(seed, seedContext(account.id));
      await store.replace({ userId: account.id, seedEncrypted, lastStep: null, createdAt: clock() }, tx);
      await accounts.setOtp(account, true, tx);
    },
  };
}

export type Otp = ReturnType<typeof createOtp>;

const seedContext = (accountId: number): string => `otp_seed:${accountId}`;
