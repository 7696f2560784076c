import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Database, Tx } from "../../database/database.js";
import type { Evenly } from "../../platform/even-time.js";
import { Failure } from "../../platform/failure.js";
import { languageTag } from "../../platform/language.js";
import type { PasswordHasher } from "../../platform/password-hash.js";
import type { Account, Accounts } from "../accounts/accounts.js";
import { normaliseEmail } from "../accounts/email-rules.js";
import { userRecord } from "../accounts/user-record.js";
import type { Events } from "../events/events.js";
import type { Labels } from "../labels/labels.js";
import type { Mails } from "../mails/mails.js";
import type { Tokens } from "../tokens/tokens.js";

export interface RegistrationNeeds {
  readonly database: Database;
  readonly accounts: Accounts;
  readonly labels: Labels;
  readonly tokens: Tokens;
  readonly events: Events;
  readonly mails: Mails;
  readonly hasher: PasswordHasher;
  /** Answer alike for known and unknown e-mail addresses. */
  readonly hideAccounts: boolean;
  /** Runs what would tell by its duration whether there is an account. */
  readonly evenly: Evenly;
}

export interface SignUp {
  readonly email: string;
  readonly password: string;
  readonly referrerUid: string | undefined;
  /** For example `en`; mails fall back for languages that are not spoken. */
  readonly language: string | undefined;
}

export function createRegistration(needs: RegistrationNeeds) {
  const { database, accounts, labels, tokens, events, mails, hasher, hideAccounts, evenly } = needs;

  async function referrerOf(uid: string | undefined): Promise<number | null> {
    if (uid === undefined) return null;
    const referrer = await accounts.byUid(uid);
    if (!referrer) throw new Failure(ErrorReason.REFERRAL_UNKNOWN);
    return referrer.id;
  }

  async function refuseFaults(email: string, password: string): Promise<void> {
    const reasons = [...accounts.emailReasons(email)];
    if (reasons.length === 0 && !hideAccounts && (await accounts.byEmail(email)))
      reasons.push(ErrorReason.EMAIL_TAKEN);
    const [first, ...rest] = [...reasons, ...accounts.passwordReasons(password)];
    if (first !== undefined) throw new Failure([first, ...rest]);
  }

  async function sendToken(account: Account, tx: Tx, asked?: string): Promise<void> {
    const { token, expiresAt } = await tokens.issue(account, "confirmation", tx);
    const language = asked ?? account.language ?? "en";
    await mails.sendLink(tx, { ...account, language }, { topic: "confirmation", token, expiresAt });
    const payload = { user: userRecord(account), language, token };
    const name = "system.user.email.confirmation.token";
    await events.record({ name, accountId: account.id, payload }, tx);
  }

  return {
    /** Creates an account that waits for its e-mail address to be confirmed. */
    signUp: (wanted: SignUp): Promise<void> => evenly(() => signUp(wanted)),

    /** Sends a new confirmation token. The ones before stay good until one is used. */
    resend: (email: string, language: string | undefined): Promise<void> =>
      evenly(() => resend(email, language)),

    /** Confirms an e-mail address with the token sent to it. */
    async confirm(token: string): Promise<void> {
      await database.transaction(async (tx) => {
        const { userId } = await tokens.find(token, "confirmation", tx);
        const account = await accounts.lock(userId, tx);
        // Only a pending account: otherwise a ban could be undone by confirming once more.
        if (account?.state !== "pending") throw new Failure(ErrorReason.NOT_AWAITING_CONFIRMATION);
        // Read again under the lock: a change of credentials may have voided the token meanwhile.
        const row = await tokens.find(token, "confirmation", tx);
        if (row.usedAt !== null) throw new Failure(ErrorReason.EMAIL_TOKEN_INVALID);
        await tokens.use(row, tx);
        await accounts.setState(account, "active", tx);
        await labels.setPrivate(account, "email", "verified", tx);
        await mails.notify(tx, account, "email_confirmed");
        const payload = await accounts.recordOf(account, tx);
        await events.record({ name: "system.user.email.confirmed", accountId: account.id, payload }, tx);
      });
    },
  };

  async function signUp({ email, password, referrerUid, language }: SignUp): Promise<void> {
    const referralId = await referrerOf(referrerUid);
    const address = normaliseEmail(email);
    await refuseFaults(address, password);
    const passwordDigest = await hasher.hash(password);
    const member = {
      email: address,
      passwordDigest,
      role: "member",
      state: "pending",
      referralId,
      language: languageTag(language),
    } as const;
    try {
      await database.transaction(async (tx) => sendToken(await accounts.create(member, tx), tx, language));
    } catch (fault) {
      const taken = fault instanceof Failure && fault.reasons.includes(ErrorReason.EMAIL_TAKEN);
      if (!(taken && hideAccounts)) throw fault;
    }
  }

  async function resend(email: string, language: string | undefined): Promise<void> {
    const account = await accounts.byEmail(normaliseEmail(email));
    const sent = account && (await database.transaction((tx) => sendIfAwaiting(account, language, tx)));
    if (!sent && !hideAccounts) throw new Failure(ErrorReason.NOT_AWAITING_CONFIRMATION);
  }

  async function sendIfAwaiting({ id }: Account, language: string | undefined, tx: Tx): Promise<boolean> {
    const account = await accounts.lock(id, tx);
    if (account?.state !== "pending") return false;
    const named = languageTag(language);
    if (named !== null) await accounts.setFirstLanguage(account, named, tx);
    await sendToken(account, tx, language);
    return true;
  }
}

export type Registration = ReturnType<typeof createRegistration>;
