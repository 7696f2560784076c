import type { JsonValue } from "@bufbuild/protobuf";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Audit } from "../../platform/call.js";
import { Failure } from "../../platform/failure.js";
import { networkOf } from "../../platform/network.js";
import type { PasswordHasher } from "../../platform/password-hash.js";
import type { Account, Accounts } from "../accounts/accounts.js";
import { normaliseEmail } from "../accounts/email-rules.js";
import type { Activities } from "../activities/activities.js";
import type { Otp } from "../otp/otp.js";
import type { Throttles } from "../throttles/throttles.js";
import type { CaptchaPasses } from "./captcha-passes.js";

/** Guesses at one address from one network; more of them, from anywhere, before the address is closed to strangers for a while. */
const FROM_ONE_PLACE = { calls: 30, seconds: 3600 };
const FROM_ANYWHERE = { calls: 100, seconds: 3600 };

const WITH_SECOND_FACTOR = "login::2fa";

export interface SignInNeeds {
  readonly accounts: Accounts;
  readonly otp: Otp;
  readonly throttles: Throttles;
  readonly activities: Activities;
  readonly hasher: PasswordHasher;
  readonly captchaPasses: Pick<CaptchaPasses, "give">;
}

export interface Attempt {
  readonly email: string;
  readonly password: string;
  readonly otpCode: string | undefined;
  /** The answer to the captcha, where one was demanded. */
  readonly captchaAnswer: JsonValue | undefined;
}

/** Decides whether somebody is who they say. Every attempt is counted before it is judged, so that parallel guesses count too. */
export function createSignIn(needs: SignInNeeds) {
  const { accounts, otp, throttles, activities, hasher, captchaPasses } = needs;

  /** An unknown address takes the same time and gives the same answer as a wrong password. */
  async function withPassword(email: string, password: string): Promise<Account> {
    const account = await accounts.byEmail(email);
    if (!account) {
      await hasher.verifyNothing(password);
      throw new Failure(ErrorReason.CREDENTIALS_INVALID);
    }
    const proved = await accounts.withPassword(account, password);
    if (proved) return proved;
    throw new Failure(ErrorReason.CREDENTIALS_INVALID, { about: { accountId: account.id } });
  }

  /** Strangers who have spent the guesses at an address do not keep its owner out of where he has signed in before. */
  async function spendFromAnywhere(
    bucket: string,
    email: string,
    ip: string,
  ): Promise<"spent" | "known here"> {
    try {
      await throttles.spend(bucket, FROM_ANYWHERE);
      return "spent";
    } catch (refusal) {
      if (!(refusal instanceof Failure)) throw refusal;
      const account = await accounts.byEmail(email);
      if (!account || !(await activities.hasSignedInFrom(account.id, ip))) throw refusal;
      return "known here";
    }
  }

  async function proveSecondFactor(account: Account, code: string | undefined): Promise<void> {
    const about = { accountId: account.id, action: WITH_SECOND_FACTOR };
    if (code === undefined || code.trim() === "") throw new Failure(ErrorReason.OTP_MISSING, { about });
    if (!(await otp.accepts(account, code))) throw new Failure(ErrorReason.OTP_INVALID, { about });
  }

  return {
    /** The account and how the log names the sign-in; throws a Failure otherwise. */
    async check(
      { email, password, otpCode, captchaAnswer }: Attempt,
      audit: Audit,
    ): Promise<{ account: Account; action: string }> {
      const address = normaliseEmail(email);
      const here = JSON.stringify(["sign-in from one place", address, networkOf(audit.ip)]);
      const anywhere = JSON.stringify(["sign-in from anywhere", address]);
      await throttles.spend(here, FROM_ONE_PLACE);
      const spending = await spendFromAnywhere(anywhere, address, audit.ip);
      const account = await withPassword(address, password);
      await throttles.forget(here);
      if (spending === "spent") await throttles.refund(anywhere);

      const about = { accountId: account.id };
      if (account.state === "banned") throw new Failure(ErrorReason.ACCOUNT_BANNED, { about });
      if (account.state !== "active") throw new Failure(ErrorReason.ACCOUNT_NOT_ACTIVE, { about });
      if (account.otp) {
        await proveSecondFactor(account, otpCode).catch(async (refusal: unknown) => {
          if (isAboutCode(refusal)) await captchaPasses.give(account, captchaAnswer);
          throw refusal;
        });
      }
      return { account, action: account.otp ? WITH_SECOND_FACTOR : audit.action };
    },
  };
}

const ABOUT_CODE = [ErrorReason.OTP_MISSING, ErrorReason.OTP_INVALID, ErrorReason.TOTP_REUSED];

const isAboutCode = (refusal: unknown): boolean =>
  refusal instanceof Failure && refusal.reasons.some((reason) => ABOUT_CODE.includes(reason));

export type SignIn = ReturnType<typeof createSignIn>;
