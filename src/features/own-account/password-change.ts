import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Database } from "../../database/database.js";
import type { Audit, Caller } from "../../platform/call.js";
import { beyondCall } from "../../platform/deadline.js";
import { Failure, type Subject } from "../../platform/failure.js";
import type { PasswordHasher } from "../../platform/password-hash.js";
import type { Account, Accounts, OwnSession } from "../accounts/accounts.js";
import type { Activities } from "../activities/activities.js";
import type { Events } from "../events/events.js";
import type { Mails } from "../mails/mails.js";
import type { Throttles } from "../throttles/throttles.js";

/** Guesses at the old password, by somebody who has found the owner signed in. */
const GUESSES = { calls: 10, seconds: 3600 };

export interface PasswordChangeNeeds {
  readonly database: Database;
  readonly accounts: Accounts;
  readonly activities: Activities;
  readonly events: Events;
  readonly mails: Pick<Mails, "notify">;
  readonly throttles: Throttles;
  readonly hasher: PasswordHasher;
}

export interface OldAndNew {
  readonly oldPassword: string;
  readonly newPassword: string;
  readonly confirmation: string;
}

/** A new password for who knows the old one. */
export function createPasswordChange(needs: PasswordChangeNeeds) {
  const { database, accounts, activities, events, mails, throttles, hasher } = needs;

  return {
    /** Sets the new password and ends every session; `own` goes on. */
    async change(
      { accountId }: Caller,
      { oldPassword, newPassword, confirmation }: OldAndNew,
      audit: Audit,
      own?: OwnSession,
    ): Promise<void> {
      const about = { accountId };
      if (newPassword !== confirmation) throw new Failure(ErrorReason.NEW_PASSWORDS_DIFFER, { about });
      const proved = await accountWith(oldPassword, about);
      if (isSame(oldPassword, newPassword)) throw new Failure(ErrorReason.PASSWORD_UNCHANGED, { about });
      const [first, ...rest] = accounts.passwordReasons(newPassword);
      if (first !== undefined) throw new Failure([first, ...rest], { about });
      const digest = await hasher.hash(newPassword);
      await database.transaction(async (tx) => {
        const account = await accounts.lock(accountId, tx);
        // Hashing took a while: of two changes at once the second no longer knows the old password.
        if (account?.passwordDigest !== proved.passwordDigest)
          throw new Failure(ErrorReason.OLD_PASSWORD_WRONG, { about });
        await accounts.setPassword(account, digest, tx, own);
        await mails.notify(tx, account, "password_changed", { origin: audit });
        const payload = await accounts.recordOf(account, tx);
        await events.record({ name: "system.user.password.change", accountId, payload }, tx);
        await activities.succeeded(audit, accountId, tx);
      });
    },
  };

  /** A guess that could not be judged, such as by a server with too much to do, was none. */
  async function judged<T>(bucket: string, judge: () => Promise<T>): Promise<T> {
    try {
      return await judge();
    } catch (fault) {
      await beyondCall(() => throttles.refund(bucket));
      throw fault;
    }
  }

  /** The account as it was when the password was checked. Every guess is counted before it is judged. */
  async function accountWith(password: string, about: Subject): Promise<Account> {
    const bucket = `old password:${about.accountId}`;
    await throttles.spend(bucket, GUESSES);
    const account = await accounts.byId(about.accountId);
    const proved = account && (await judged(bucket, () => accounts.withPassword(account, password)));
    if (!proved) throw new Failure(ErrorReason.OLD_PASSWORD_WRONG, { about });
    await throttles.forget(bucket);
    return proved;
  }
}

export type PasswordChange = ReturnType<typeof createPasswordChange>;

/** A password is the same in both its Unicode forms. */
const isSame = (a: string, b: string): boolean => a.normalize("NFC") === b.normalize("NFC");
