import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Database, Tx } from "../../database/database.js";
import type { Caller } from "../../platform/call.js";
import { Failure } from "../../platform/failure.js";
import type { Account, Accounts } from "../accounts/accounts.js";
import type { Documents } from "../documents/documents.js";
import type { Labels } from "../labels/labels.js";
import type { Otp } from "../otp/otp.js";
import type { Phones } from "../phones/phones.js";
import type { Profiles } from "../profiles/profiles.js";
import { type Change, reasonAgainst } from "./rules.js";

export interface StaffNeeds {
  readonly database: Database;
  readonly accounts: Accounts;
  readonly otp: Otp;
  readonly labels: Labels;
  readonly profiles: Profiles;
  readonly phones: Phones;
  readonly documents: Documents;
}

/** What staff know and do about the accounts of others. */
export function createStaff(needs: StaffNeeds) {
  const { database, accounts, otp, labels, profiles, phones, documents } = needs;

  /** Throws Failure(ADMIN_USER_NOT_FOUND). */
  async function known(uid: string, tx?: Tx): Promise<Account> {
    const account = await accounts.byUid(uid, tx);
    if (!account) throw new Failure(ErrorReason.ADMIN_USER_NOT_FOUND);
    return account;
  }

  return {
    /** An account with everything that is known about its owner. */
    async everythingOf(uid: string) {
      const account = await known(uid);
      return {
        account,
        profile: await profiles.ofAccount(account.id),
        labels: await labels.ofAccount(account.id),
        phones: await phones.ofAccount(account.id),
        documents: await documents.ofAccount(account.id),
      };
    },

    /** Changes an account in the name of `caller`. Its sessions end. */
    change: (caller: Caller, uid: string, change: Change): Promise<void> =>
      database.transaction(async (tx) => {
        const { id } = await known(uid, tx);
        if (id === caller.accountId) throw new Failure(ErrorReason.ADMIN_OWN_ACCOUNT);
        const account = await lockForChange(id, caller, tx);
        const reason = reasonAgainst(change, account);
        if (reason !== undefined) throw new Failure(reason);
        await apply(change, account, tx);
      }),
  };

  /**
   * The account, locked until commit, and the caller's own with it: of two administrators who dismiss each other only the first one
   * may, so that somebody is always left.
   */
  async function lockForChange(id: number, caller: Caller, tx: Tx): Promise<Account> {
    const locked = new Map<number, Account | undefined>();
    // In the same order by everybody, so that nobody waits for the other.
    for (const each of [id, caller.accountId].sort((one, other) => one - other))
      locked.set(each, await accounts.lock(each, tx));
    const own = locked.get(caller.accountId);
    if (own?.state !== "active" || own.role !== caller.role) throw new Failure(ErrorReason.ADMIN_DENIED);
    const account = locked.get(id);
    if (!account) throw new Failure(ErrorReason.ADMIN_USER_NOT_FOUND);
    return account;
  }

  async function apply({ state, role, otp: withOtp }: Change, account: Account, tx: Tx): Promise<void> {
    if (state !== undefined) await accounts.setState(account, state, tx);
    if (role !== undefined) await accounts.setRole(account, role, tx);
    if (withOtp === false) await otp.disable(account, tx);
  }
}

export type Staff = ReturnType<typeof createStaff>;
export type Everything = Awaited<ReturnType<Staff["everythingOf"]>>;
