import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Audit } from "../../platform/call.js";
import { beyondCall } from "../../platform/deadline.js";
import { Failure } from "../../platform/failure.js";
import { networkOf } from "../../platform/network.js";
import type { PasswordHasher } from "../../platform/password-hash.js";
import type { Account, Accounts } from "../accounts/accounts.js";
import { normaliseEmail } from "../accounts/email-rules.js";
import type { Activities } from "../activities/activities.js";
import type { Otp } from "../otp/otp.js";
import { type CountedGuess, countUnlessSpent, createKnownClients } from "../throttles/known-clients.js";
import type { Throttles } from "../throttles/throttles.js";
import type { CaptchaPasses } from "./captcha-passes.js";
import type { Device, Devices } from "./devices.js";

/** Guesses at one address from one network; more of them, from anywhere, before the address is closed to strangers for a while. */
const FROM_ONE_PLACE = { calls: 30, seconds: 3600 };
const FROM_ANYWHERE = { calls: 100, seconds: 3600 };

/** Guesses in one device that is known to an account, and in all of them. They do not count as those of strangers. */
const FROM_KNOWN_DEVICE = { calls: 10, seconds: 3600 };
const FROM_KNOWN_DEVICES = { calls: 100, seconds: 3600 };

const WITH_SECOND_FACTOR = "login::2fa";

export interface SignInNeeds {
  readonly accounts: Accounts;
  readonly otp: Otp;
  readonly throttles: Throttles;
  readonly activities: Activities;
  readonly hasher: PasswordHasher;
  readonly captchaPasses: Pick<CaptchaPasses, "give">;
  readonly devices: Pick<Devices, "find">;
}

export interface Attempt {
  readonly email: string;
  readonly password: string;
  readonly otpCode: string | undefined;
  /** The answer to the captcha, where one was demanded. */
  readonly captchaAnswer: string | undefined;
  /** What the browser keeps of accounts that have signed in there. */
  readonly device: string | undefined;
}

/** Decides whether somebody is who they say. Every attempt is counted before it is judged, so that parallel guesses count too. */
export function createSignIn(needs: SignInNeeds) {
  const { accounts, otp, throttles, activities, hasher, captchaPasses, devices } = needs;
  const knownDevices = createKnownClients({
    throttles,
    secret: "password",
    perClient: FROM_KNOWN_DEVICE,
    perAccount: FROM_KNOWN_DEVICES,
  });

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

  /** A guess of strangers, who share their limits. */
  async function countUnknown(address: string, ip: string): Promise<CountedGuess> {
    const here = JSON.stringify(["sign-in from one place", address, networkOf(ip)]);
    const anywhere = JSON.stringify(["sign-in from anywhere", address]);
    await throttles.spend(here, FROM_ONE_PLACE);
    const spending = await spendFromAnywhere(anywhere, address, ip);
    return {
      async forgive() {
        await throttles.forget(here);
        if (spending === "spent") await throttles.refund(anywhere);
      },
      async refund() {
        await throttles.refund(here);
        if (spending === "spent") await throttles.refund(anywhere);
      },
    };
  }

  /** A known device that has failed too often is as good as one that is not known. */
  async function count(address: string, cookie: string | undefined, ip: string): Promise<CountedGuess> {
    const account = cookie === undefined ? undefined : await accounts.byEmail(address);
    const device = account && devices.find(cookie, account);
    if (!device) return countUnknown(address, ip);
    const guess = await countUnlessSpent(() => knownDevices.count(account.id, device.id));
    return guess ?? countUnknown(address, ip);
  }

  async function judged(guess: CountedGuess, email: string, password: string): Promise<Account> {
    try {
      const account = await withPassword(email, password);
      await guess.forgive();
      return account;
    } catch (error) {
      // A guess that could not be judged, such as by a server with too much to do, was none.
      if (!(error instanceof Failure)) await beyondCall(() => guess.refund());
      throw error;
    }
  }

  async function proveSecondFactor(
    account: Account,
    code: string | undefined,
    device: Device | undefined,
  ): Promise<void> {
    const about = { accountId: account.id, action: WITH_SECOND_FACTOR };
    if (code === undefined || code.trim() === "") throw new Failure(ErrorReason.OTP_MISSING, { about });
    const guesser = device?.withSecondFactor ? ({ kind: "device", id: device.id } as const) : undefined;
    if (!(await otp.accepts(account, code, guesser))) throw new Failure(ErrorReason.OTP_INVALID, { about });
  }

  return {
    /** The account and how the log names the sign-in; throws a Failure otherwise. */
    async check(
      { email, password, otpCode, captchaAnswer, device }: Attempt,
      audit: Audit,
    ): Promise<{ account: Account; action: string }> {
      const address = normaliseEmail(email);
      const guess = await count(address, device, audit.ip);
      const account = await judged(guess, address, password);

      const about = { accountId: account.id };
      if (account.state === "banned") throw new Failure(ErrorReason.ACCOUNT_BANNED, { about });
      if (account.state !== "active") throw new Failure(ErrorReason.ACCOUNT_NOT_ACTIVE, { about });
      if (account.otp) {
        await proveSecondFactor(account, otpCode, devices.find(device, account)).catch(
          async (refusal: unknown) => {
            if (isAboutCode(refusal)) await captchaPasses.give(account, captchaAnswer);
            throw refusal;
          },
        );
      }
      return { account, action: account.otp ? WITH_SECOND_FACTOR : audit.action };
    },
  };
}

const ABOUT_CODE = [ErrorReason.OTP_MISSING, ErrorReason.OTP_INVALID, ErrorReason.TOTP_REUSED];

const isAboutCode = (refusal: unknown): boolean =>
  refusal instanceof Failure && refusal.reasons.some((reason) => ABOUT_CODE.includes(reason));

export type SignIn = ReturnType<typeof createSignIn>;
