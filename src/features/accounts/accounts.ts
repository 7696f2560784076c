import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Tx } from "../../database/database.js";
import { isUniqueViolation } from "../../database/errors.js";
import type { Call } from "../../platform/call.js";
import type { Clock } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import type { PasswordHasher } from "../../platform/password-hash.js";
import { randomHex } from "../../platform/random.js";
import type { Events } from "../events/events.js";
import { isEmailAddress } from "./email-rules.js";
import { type PasswordFault, passwordFaults } from "./password-rules.js";
import type { Account, AccountState, AccountStore } from "./store.js";
import { UNIQUE_EMAIL } from "./store.js";
import { changedFrom, type UserRecord, userRecord } from "./user-record.js";

export type { Account, AccountState, Holder } from "./store.js";

const reasonOfFault: Record<PasswordFault, ErrorReason> = {
  too_long: ErrorReason.PASSWORD_TOO_LONG,
  requirements: ErrorReason.PASSWORD_REQUIREMENTS,
  strength: ErrorReason.PASSWORD_STRENGTH,
};

export interface AccountsNeeds {
  readonly store: AccountStore;
  readonly events: Events;
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
  /** In which the member wants to be written to. */
  readonly language?: string | null;
}

type Id = Pick<Account, "id">;
type Change = Partial<Pick<Account, "role" | "level" | "otp" | "state">>;

/** The session in which an owner changes his own credentials. It goes on, under another token. */
export interface OwnSession {
  /** The token that the change was asked for with. */
  readonly token: string;
  /** Told, after the commit, the token from then on, and for how many seconds it is good at most. */
  renewed(token: string, seconds: number): void;
}

/** Finds the session in which a call asks for something, if it has one. */
export type OwnSessionIn = (call: Pick<Call, "requestHeader" | "responseHeader">) => OwnSession | undefined;

/** Told that an account's password, second factor, role or state has changed; runs inside the same transaction. */
type CredentialsListener = (account: Id, tx: Tx, own?: OwnSession) => Promise<void>;

/** Told that something about an account has changed, inside the transaction and once more after its commit. */
type ChangeListener = (account: Id) => void;

export function createAccounts({ store, events, hasher, clock, minimumBits }: AccountsNeeds) {
  const listeners: CredentialsListener[] = [];
  const watchers: ChangeListener[] = [];
  const tellWatchers = ({ id }: Id, tx: Tx): void => {
    for (const watcher of watchers) {
      watcher({ id });
      // Meanwhile others may have read what was true before.
      tx.afterCommit(() => watcher({ id }));
    }
  };
  const tellListeners: CredentialsListener = async (account, tx, own) => {
    for (const listener of listeners) await listener(account, tx, own);
  };

  /** Writes and tells what is different; false when nothing is. */
  async function change({ id }: Id, wanted: Change, tx: Tx): Promise<boolean> {
    const before = await store.lock(id, tx);
    const changes = before && changedFrom(before, wanted);
    if (!changes) return false;
    const now = clock();
    await store.change(id, wanted, now, tx);
    tellWatchers({ id }, tx);
    const record = userRecord({ ...before, ...wanted, updatedAt: now });
    await events.record({ name: "model.user.updated", accountId: id, payload: { record, changes } }, tx);
    return true;
  }

  async function changeCredentials(account: Id, wanted: Change, tx: Tx, own?: OwnSession): Promise<void> {
    if (await change(account, wanted, tx)) await tellListeners(account, tx, own);
  }

  return {
    byId: store.byId,
    async byUid(uid: string, tx?: Tx): Promise<Account | undefined> {
      const account = isStored(uid) ? await store.byUid(uid, tx) : undefined;
      // MySQL overlooks blanks at the end of a text.
      return account?.uid === uid ? account : undefined;
    },
    /** `email` in its normal form. */
    async byEmail(email: string, tx?: Tx): Promise<Account | undefined> {
      return isStored(email) ? store.byEmail(email, tx) : undefined;
    },

    /** The uids of accounts, by their ids. */
    async uidsOf(ids: readonly number[]): Promise<ReadonlyMap<number, string>> {
      const found = ids.length === 0 ? [] : await store.uids([...new Set(ids)]);
      return new Map(found.map(({ id, uid }) => [Number(id), uid]));
    },

    lock: store.lock,
    firstWithRole: store.firstWithRole,

    /** From now on `listener` runs in every transaction that changes an account's password, second factor, role or state. */
    onCredentialsChanged: (listener: CredentialsListener) => void listeners.push(listener),

    /** From now on `watcher` is called whenever something about an account changes in this process. */
    onChanged: (watcher: ChangeListener) => void watchers.push(watcher),

    /** The reasons for which a password may not be used; none when it may. */
    passwordReasons: (password: string): ErrorReason[] =>
      passwordFaults(password, minimumBits).map((fault) => reasonOfFault[fault]),

    /** The reasons for which an e-mail address may not be used, not counting that it is taken. */
    emailReasons: (email: string): ErrorReason[] =>
      isEmailAddress(email) ? [] : [ErrorReason.EMAIL_INVALID],

    /** Creates an account; throws Failure(EMAIL_TAKEN) when another has the address, also when both come at once. */
    async create(member: NewMember, tx: Tx): Promise<Account> {
      const now = clock();
      const { language = null } = member;
      const stamps = { createdAt: now, updatedAt: now };
      const row = { ...member, language, uid: newUid(), level: 0, otp: false, ...stamps };
      const account = await store.insert(row, tx).catch((fault: unknown) => {
        if (isUniqueViolation(fault, UNIQUE_EMAIL))
          throw new Failure(ErrorReason.EMAIL_TAKEN, { cause: fault });
        throw fault;
      });
      const payload = { record: userRecord(account) };
      await events.record({ name: "model.user.created", accountId: account.id, payload }, tx);
      return account;
    },

    /** The account as events tell it, with what `tx` has changed about it. */
    async recordOf({ id }: Id, tx: Tx): Promise<UserRecord> {
      const account = await store.byId(id, tx);
      if (!account) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
      return userRecord(account);
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

    /** Ends the sessions; `own` goes on. */
    async setPassword(account: Id, passwordDigest: string, tx: Tx, own?: OwnSession): Promise<void> {
      await store.change(account.id, { passwordDigest }, clock(), tx);
      tellWatchers(account, tx);
      await tellListeners(account, tx, own);
    },

    // What an account has already is not written again.
    setRole: (account: Id, role: string, tx: Tx) => changeCredentials(account, { role }, tx),
    setState: (account: Id, state: AccountState, tx: Tx) => changeCredentials(account, { state }, tx),
    setOtp: (account: Id, otp: boolean, tx: Tx, own?: OwnSession) =>
      changeCredentials(account, { otp }, tx, own),

    /**
     * Keeps the language that somebody has named for an account which has none yet. One that is kept stays: anybody can ask for a mail
     * to somebody else's address, in a language that its owner does not read.
     */
    setFirstLanguage: (account: Id, language: string, tx: Tx): Promise<void> =>
      store.setFirstLanguage(account.id, language, tx),

    async setLevel(account: Id, level: number, tx: Tx): Promise<void> {
      await change(account, { level }, tx);
    },
  };
}

export type Accounts = ReturnType<typeof createAccounts>;

/** SQLite ends a text at this character; nobody's address or uid has it. */
const isStored = (text: string): boolean => !text.includes("\u0000");

/** `ID` and ten upper-case hexadecimal digits. With 2^40 of them a clash is left to the unique index. */
const newUid = (): string => `ID${randomHex(5).toUpperCase()}`;
