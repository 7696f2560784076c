import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Database, Tx } from "../../database/database.js";
import type { Caller, Origin } from "../../platform/call.js";
import type { Clock } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import type { Paged, PageRange } from "../../platform/page.js";
import { randomHex } from "../../platform/random.js";
import type { Vault } from "../../platform/secrets.js";
import type { Account, Accounts } from "../accounts/accounts.js";
import type { Activities } from "../activities/activities.js";
import type { Mails } from "../mails/mails.js";
import type { KnownKeys } from "./known-keys.js";
import { isKid, MOST_KEYS, secretContext } from "./rules.js";
import type { ApiKey, ApiKeyChange, ApiKeyStore, OwnKey } from "./store.js";

export type { ApiKey, ApiKeyState } from "./store.js";

export interface ApiKeysNeeds {
  readonly database: Database;
  readonly store: ApiKeyStore;
  readonly accounts: Accounts;
  readonly activities: Pick<Activities, "noted">;
  readonly knownKeys: KnownKeys;
  readonly mails: Pick<Mails, "notify">;
  readonly vault: Vault;
  readonly clock: Clock;
}

/** Why the server itself switches keys off. */
export type DeactivationCause = "password reset" | "2FA disabled" | "2FA enabled";

/** Who asks, as their account was when they were identified. */
type Requester = Pick<Caller, "credentialsChangedAt">;

type NewKey = Pick<ApiKey, "algorithm" | "scope"> & Pick<ApiKeyChange, "allowedIps" | "expiresAt">;

/** Keys with which programs act for an account. Their secrets are stored encrypted. */
export function createApiKeys(needs: ApiKeysNeeds) {
  const { database, store, accounts, activities, knownKeys, mails, vault, clock } = needs;

  const forget = (kid: string, tx: Tx): void => {
    knownKeys.forget(kid);
    // Meanwhile others may have read what was true before.
    tx.afterCommit(() => knownKeys.forget(kid));
  };

  /**
   * The owner, locked until commit. Throws Failure(SESSION_INVALID) when the owner's credentials have changed since the caller was
   * identified: a request that was on its way must not switch a key on after a recovery has switched all of them off.
   */
  async function lockOwner(accountId: number, tx: Tx, requester?: Requester): Promise<Account> {
    const owner = await accounts.lock(accountId, tx);
    if (!owner) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
    const before = requester?.credentialsChangedAt;
    if (before !== undefined && before?.getTime() !== owner.credentialsChangedAt?.getTime())
      throw new Failure(ErrorReason.SESSION_INVALID);
    return owner;
  }

  return {
    /** Oldest first. */
    async list(accountId: number, range: PageRange): Promise<Paged<ApiKey>> {
      const total = await store.count(accountId);
      return { rows: range.offset < total ? await store.page(accountId, range) : [], total };
    },

    /** Creates a key; its secret is told only here. */
    async create(
      accountId: number,
      { algorithm, scope, allowedIps = [], expiresAt }: NewKey,
      requester?: Requester,
    ): Promise<{ key: ApiKey; secret: string }> {
      const kid = randomHex(8);
      const secret = randomHex(16);
      const now = clock();
      const key: ApiKey = {
        userId: accountId,
        kid,
        algorithm,
        scope,
        state: "active",
        secretEncrypted: vault.seal(secret, secretContext(kid)),
        allowedIps,
        expiresAt: expiresAt ?? null,
        lastUsedAt: null,
        createdAt: now,
        updatedAt: now,
      };
      await database.transaction(async (tx) => {
        const owner = await lockOwner(accountId, tx, requester);
        if ((await store.count(accountId, tx)) >= MOST_KEYS)
          throw new Failure(ErrorReason.API_KEY_LIMIT_REACHED);
        await store.insert(key, tx);
        await mails.notify(tx, owner, "api_key_created", { kid });
      });
      return { key, secret };
    },

    /** The key as it is then; throws Failure(RECORD_NOT_FOUND) for one of somebody else. */
    change: (own: OwnKey, change: ApiKeyChange, requester?: Requester): Promise<ApiKey> =>
      database.transaction(async (tx) => {
        if (!isKid(own.kid)) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
        await lockOwner(own.userId, tx, requester);
        await store.change(own, change, clock(), tx);
        forget(own.kid, tx);
        const key = await store.find(own, tx);
        if (!key) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
        return key;
      }),

    delete: (own: OwnKey): Promise<void> =>
      database.transaction(async (tx) => {
        if (!isKid(own.kid) || !(await store.delete(own, tx)))
          throw new Failure(ErrorReason.RECORD_NOT_FOUND);
        forget(own.kid, tx);
      }),

    /**
     * Switches every active key of an account off, and tells its owner which. Only the owner switches them on again. The caller has locked
     * the account in `tx`. Without an `origin`, as for what an administrator does, the log names no address.
     */
    async deactivateAll(
      owner: Account,
      { cause, origin }: { readonly cause: DeactivationCause; readonly origin?: Origin },
      tx: Tx,
    ): Promise<void> {
      const kids = await store.activeKids(owner.id, tx);
      if (kids.length === 0) return;
      await store.deactivateAll(owner.id, clock(), tx);
      for (const kid of kids) forget(kid, tx);
      const { ip = "", userAgent = "" } = origin ?? {};
      const audit = { ip, userAgent, topic: "api_key", action: "deactivate API keys" };
      await activities.noted(audit, owner.id, { result: "succeed", facts: { cause, kids } }, tx);
      await mails.notify(tx, owner, "api_keys_deactivated", { kids });
    },
  };
}

export type ApiKeys = ReturnType<typeof createApiKeys>;
