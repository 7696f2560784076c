import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Database, Tx } from "../../database/database.js";
import type { Audit } from "../../platform/call.js";
import type { Evenly } from "../../platform/even-time.js";
import { Failure } from "../../platform/failure.js";
import { languageTag } from "../../platform/language.js";
import type { PasswordHasher } from "../../platform/password-hash.js";
import type { Account, Accounts } from "../accounts/accounts.js";
import { normaliseEmail } from "../accounts/email-rules.js";
import { userRecord } from "../accounts/user-record.js";
import type { Activities } from "../activities/activities.js";
import type { ApiKeys } from "../api-keys/api-keys.js";
import type { Events } from "../events/events.js";
import type { Mails } from "../mails/mails.js";
import type { Tokens } from "../tokens/tokens.js";

export interface RecoveryNeeds {
  readonly database: Database;
  readonly accounts: Accounts;
  readonly tokens: Tokens;
  readonly activities: Activities;
  readonly apiKeys: Pick<ApiKeys, "deactivateAll">;
  readonly events: Events;
  readonly mails: Mails;
  readonly hasher: PasswordHasher;
  /** Answer alike for known and unknown e-mail addresses. */
  readonly hideAccounts: boolean;
  /** Runs what would tell by its duration whether there is an account. */
  readonly evenly: Evenly;
}

export interface NewPassword {
  readonly token: string;
  readonly password: string;
  readonly confirmation: string;
}

/** A new password for those who have lost theirs. Neither the account's state nor its second factor changes. */
export function createRecovery(needs: RecoveryNeeds) {
  const { database, accounts, tokens, activities, apiKeys, events, mails, hasher, hideAccounts, evenly } =
    needs;

  return {
    /** Sends a reset token to an address. The ones before stay good until one is used. */
    request: (email: string, language: string | undefined, audit: Audit): Promise<void> =>
      evenly(() => request(email, language, audit)),

    /** Sets the new password, ends every session and switches the API keys off. A refused password leaves the token good. */
    async reset({ token, password, confirmation }: NewPassword, audit: Audit): Promise<void> {
      if (password !== confirmation) throw new Failure(ErrorReason.PASSWORDS_DIFFER);
      const row = await tokens.find(token, "password_reset");
      if (row.usedAt !== null) throw new Failure(ErrorReason.EMAIL_TOKEN_USED);
      refuseFaults({ id: row.userId }, password);
      const digest = await hasher.hash(password);
      await database.transaction(async (tx) => {
        const account = await accounts.lock(row.userId, tx);
        if (!account) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
        // Found again under the lock: a newer token may have replaced this one meanwhile.
        await tokens.use(await tokens.find(token, "password_reset", tx), tx);
        await accounts.setPassword(account, digest, tx);
        await mails.notify(tx, account, "password_changed", { origin: audit });
        await apiKeys.deactivateAll(account, { cause: "password reset", origin: audit }, tx);
        const payload = await accounts.recordOf(account, tx);
        await events.record({ name: "system.user.password.reset", accountId: account.id, payload }, tx);
        await activities.succeeded(audit, account.id, tx);
      });
    },
  };

  async function request(email: string, language: string | undefined, audit: Audit): Promise<void> {
    const account = await accounts.byEmail(normaliseEmail(email));
    const sent = account && (await database.transaction((tx) => sendToken(account, audit, tx, language)));
    if (!sent && !hideAccounts) throw new Failure(ErrorReason.RESET_ACCOUNT_UNKNOWN);
  }

  async function sendToken({ id }: Account, audit: Audit, tx: Tx, asked?: string): Promise<boolean> {
    const account = await accounts.lock(id, tx);
    if (!account) return false;
    const named = languageTag(asked);
    if (named !== null) await accounts.setFirstLanguage(account, named, tx);
    const { token, expiresAt } = await tokens.issue(account, "password_reset", tx);
    const language = asked ?? account.language ?? "en";
    await mails.sendLink(tx, { ...account, language }, { topic: "password_reset", token, expiresAt });
    const payload = { user: userRecord(account), language, token };
    await events.record({ name: "system.user.password.reset.token", accountId: id, payload }, tx);
    await activities.succeeded(audit, id, tx);
    return true;
  }

  function refuseFaults({ id }: Pick<Account, "id">, password: string): void {
    const [first, ...rest] = accounts.passwordReasons(password);
    if (first !== undefined) throw new Failure([first, ...rest], { about: { accountId: id } });
  }
}

export type Recovery = ReturnType<typeof createRecovery>;
