import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Audit } from "../../platform/call.js";
import { Failure } from "../../platform/failure.js";
import type { PasswordHasher } from "../../platform/password-hash.js";
import type { Account, Accounts } from "../accounts/accounts.js";
import { normaliseEmail } from "../accounts/email-rules.js";
import type { Otp } from "../otp/otp.js";
import type { Throttles } from "../throttles/throttles.js";

/** Guesses at one address from one place; more of them, from anywhere, before the address itself is closed for a while. */
const FROM_ONE_PLACE = { calls: 30, seconds: 600 };
const FROM_ANYWHERE = { calls: 100, seconds: 3600 };
const CODES = { calls: 10, seconds: 900 };

const WITH_SECOND_FACTOR = "login::2fa";

export interface SignInNeeds {
  readonly accounts: Accounts;
  readonly otp: Otp;
  readonly throttles: Throttles;
  readonly hasher: PasswordHasher;
}

export interface Attempt {
  readonly email: string;
  readonly password: string;
  readonly otpCode: string | undefined;
}

/** Decides whether somebody is who they say. Every attempt is counted before it is judged, so that parallel guesses count too. */
export function createSignIn({ accounts, otp, throttles, hasher }: SignInNeeds) {
  /** An unknown address takes the same time and gives the same answer as a wrong password. */
  async function withPassword(email: string, password: string): Promise<Account> {
    const account = await accounts.byEmail(email);
    if (!account) {
      await hasher.verifyNothing(password);
      throw new Failure(ErrorReason.CREDENTIALS_INVALID);
    }
    if (await accounts.hasPassword(account, password)) return account;
    throw new Failure(ErrorReason.CREDENTIALS_INVALID, { about: { accountId: account.id } });
  }

  async function proveSecondFactor(account: Account, code: string | undefined): Promise<void> {
    const about = { accountId: account.id, action: WITH_SECOND_FACTOR };
    if (code === undefined || code.trim() === "") throw new Failure(ErrorReason.OTP_MISSING, { about });
    const bucket = `otp:${account.id}`;
    await throttles.spend(bucket, CODES);
    if (!(await otp.accepts(account, code))) throw new Failure(ErrorReason.OTP_INVALID, { about });
    await throttles.forget(bucket);
  }

  return {
    /** The account and how the log names the sign-in; throws a Failure otherwise. */
    async check(
      { email, password, otpCode }: Attempt,
      audit: Audit,
    ): Promise<{ account: Account; action: string }> {
      const address = normaliseEmail(email);
      const here = `sign-in:${address}:${audit.ip}`;
      const anywhere = `sign-in:${address}`;
      await throttles.spend(here, FROM_ONE_PLACE);
      await throttles.spend(anywhere, FROM_ANYWHERE);
      const found = await withPassword(address, password);
      await throttles.forget(here);
      await throttles.refund(anywhere);

      const about = { accountId: found.id };
      if (found.state === "banned") throw new Failure(ErrorReason.ACCOUNT_BANNED, { about });
      if (found.state !== "active") throw new Failure(ErrorReason.ACCOUNT_NOT_ACTIVE, { about });
      if (found.otp) await proveSecondFactor(found, otpCode);
      // Read again: a digest of an older kind has just been replaced.
      const account = (await accounts.byId(found.id)) ?? found;
      return { account, action: found.otp ? WITH_SECOND_FACTOR : audit.action };
    },
  };
}

export type SignIn = ReturnType<typeof createSignIn>;
