import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Tx } from "../../database/database.js";
import { isUniqueViolation } from "../../database/errors.js";
import type { Clock } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import type { PasswordHasher } from "../../platform/password-hash.js";
import { randomHex } from "../../platform/random.js";
import { isEmailAddress } from "./email-rules.js";
import { type PasswordFault, passwordFaults } from "./password-rules.js";
import type { Account, AccountState, AccountStore } from "./store.js";
import { UNIQUE_EMAIL } from "./store.js";

export type { Account, AccountState } from "./store.js";

const reasonOfFault: Record<PasswordFault, ErrorReason> = {
  too_long: ErrorReason.PASSWORD_TOO_LONG,
  requirements: ErrorReason.PASSWORD_REQUIREMENTS,
  strength: ErrorReason.PASSWORD_STRENGTH,
};

export interface AccountsNeeds {
  readonly store: AccountStore;
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
  readonly minimumBits: number;
}

export interface NewMember {
  readonly email: string;
  readonly passwordDigest: string;
  readonly role: string;
  readonly state: AccountState;
  readonly referralId: number | null;
}

/** Told that an account's password, second factor or state has changed; runs inside the same transaction. */
type CredentialsListener = (account: Pick<Account, "id">, tx: Tx) => Promise<void>;

export function createAccounts({ store, hasher, clock, minimumBits }: AccountsNeeds) {
  const listeners: CredentialsListener[] = [];
  const tellListeners: CredentialsListener = async (account, tx) => {
    for (const listener of listeners) await listener(account, tx);
  };

  return {
    byId: store.byId,
    byUid: store.byUid,
    /** `email` in its normal form. */
    async byEmail(email: string, tx?: Tx): Promise<Account | undefined> {
      // SQLite ends a text at this character; nobody has such an address.
      return email.includes("\u0000") ? undefined : store.byEmail(email, tx);
    },
    lock: store.lock,
    firstWithRole: store.firstWithRole,

    /** From now on `listener` runs in every transaction that changes an account's password, second factor or state. */
    onCredentialsChanged: (listener: CredentialsListener) => void listeners.push(listener),

    /** The reasons for which a password may not be used; none when it may. */
    passwordReasons: (password: string): ErrorReason[] =>
      passwordFaults(password, minimumBits).map((fault) => reasonOfFault[fault]),

    /** The reasons for which an e-mail address may not be used, not counting that it is taken. */
    emailReasons: (email: string): ErrorReason[] =>
      isEmailAddress(email) ? [] : [ErrorReason.EMAIL_INVALID],

    /** Creates an account; throws Failure(EMAIL_TAKEN) when another has the address, also when both come at once. */
    async create(member: NewMember, tx: Tx): Promise<Account> {
      const now = clock();
      const row = { ...member, uid: newUid(), level: 0, otp: false, createdAt: now, updatedAt: now };
      try {
        return await store.insert(row, tx);
      } catch (fault) {
        if (isUniqueViolation(fault, UNIQUE_EMAIL))
          throw new Failure(ErrorReason.EMAIL_TAKEN, { cause: fault });
        throw fault;
      }
    },

    /**
     * The account if the password is its own, as it was when the password was checked, with a digest of an older kind replaced.
     * Whoever acts on it must see that the digest is still the account's.
     */
    async withPassword(account: Account, password: string): Promise<Account | undefined> {
      const { matches, outdated } = await hasher.verify(account.passwordDigest, password);
      if (!matches || !outdated) return matches ? account : undefined;
      const passwordDigest = await hasher.hash(password);
      await store.strengthenDigest(account.id, account.passwordDigest, passwordDigest);
      return { ...account, passwordDigest };
    },

    async setPassword(account: Pick<Account, "id">, passwordDigest: string, tx: Tx): Promise<void> {
      await store.change(account.id, { passwordDigest }, clock(), tx);
      await tellListeners(account, tx);
    },

    async setState(account: Pick<Account, "id">, state: AccountState, tx: Tx): Promise<void> {
      await store.change(account.id, { state }, clock(), tx);
      await tellListeners(account, tx);
    },

    setLevel: (account: Pick<Account, "id">, level: number, tx: Tx): Promise<void> =>
      store.change(account.id, { level }, clock(), tx),

    async setOtp(account: Pick<Account, "id">, otp: boolean, tx: Tx): Promise<void> {
      await store.change(account.id, { otp }, clock(), tx);
      await tellListeners(account, tx);
    },
  };
}

export type Accounts = ReturnType<typeof createAccounts>;

/** `ID` and ten upper-case hexadecimal digits. With 2^40 of them a clash is left to the unique index. */
const newUid = (): string => `ID${randomHex(5).toUpperCase()}`;
