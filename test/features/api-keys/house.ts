import { randomBytes } from "node:crypto";
import { afterAll, beforeAll } from "vitest";
import type { Database } from "../../../src/database/database.js";
import { createAccounts } from "../../../src/features/accounts/accounts.js";
import { createAccountStore } from "../../../src/features/accounts/store.js";
import { createApiKeys } from "../../../src/features/api-keys/api-keys.js";
import { createKnownKeys } from "../../../src/features/api-keys/known-keys.js";
import { createNonceStore, type NonceStore } from "../../../src/features/api-keys/nonce-store.js";
import {
  createKeyProof,
  type KeyProof,
  type KeyProofNeeds,
  type KeyRequest,
  type ProvedKey,
} from "../../../src/features/api-keys/proof.js";
import { type ApiKeyChange, createApiKeyStore } from "../../../src/features/api-keys/store.js";
import { createUseStore, type UseStore } from "../../../src/features/api-keys/use-store.js";
import { createEvents } from "../../../src/features/events/events.js";
import { createEventStore } from "../../../src/features/events/store.js";
import { createPasswordHasher } from "../../../src/platform/password-hash.js";
import { createVault } from "../../../src/platform/secrets.js";
import { openMigrated, type TestDatabase } from "../../support/databases.js";
import { type KeyHeaders, type SigningKey, signedByRequest, type ToSign } from "../../support/signing.js";

export interface Process {
  readonly proof: KeyProof;
  readonly accounts: ReturnType<typeof createAccounts>;
  readonly apiKeys: ReturnType<typeof createApiKeys>;
}

export interface ProcessOptions
  extends Partial<Pick<KeyProofNeeds, "schemes" | "nonceWindowMs" | "limitGuesses">> {
  readonly cacheMs?: number;
  readonly useStore?: Partial<UseStore>;
  readonly nonceStore?: Partial<NonceStore>;
}

export interface OwnedKey extends SigningKey {
  readonly accountId: number;
}

/** A database with accounts and keys, and server processes on it; its time stands until it is moved. */
export function openHouse(kind: TestDatabase) {
  let opened: { database: Database; close(): Promise<void> } | undefined;
  const now = { moment: new Date() };
  const clock = () => now.moment;
  const vault = createVault([{ id: "one", key: randomBytes(32) }]);
  const proofs: KeyProof[] = [];
  beforeAll(async () => {
    opened = await openMigrated(kind);
  });
  afterAll(async () => {
    for (const proof of proofs) await proof.settled();
    await opened?.close();
  });
  const database = (): Database => {
    if (!opened) throw new Error("the database is opened by beforeAll");
    return opened.database;
  };

  /** One of the server's processes, with memory of its own. */
  function process(options: ProcessOptions = {}): Process {
    const { schemes = ["nonce", "request"], nonceWindowMs = 5000, limitGuesses = true } = options;
    const events = createEvents({
      database: database(),
      store: createEventStore(database()),
      vault,
      clock,
      sinks: [],
      post: async () => {},
    });
    const hasher = createPasswordHasher({ concurrency: 1, queueLimit: 1 });
    const accountStore = createAccountStore(database());
    const accounts = createAccounts({ store: accountStore, events, hasher, clock, minimumBits: 0 });
    const store = { ...createUseStore(database()), ...options.useStore };
    const nonceStore = { ...createNonceStore(database()), ...options.nonceStore };
    const { cacheMs = 750 } = options;
    const knownKeys = createKnownKeys({ store, accounts, vault, clock, cacheMs, readMs: 5000 });
    const proof = createKeyProof({
      ...{ knownKeys, store, nonceStore, clock },
      ...{ schemes, nonceWindowMs, limitGuesses },
    });
    proofs.push(proof);
    const keyStore = createApiKeyStore(database());
    const apiKeys = createApiKeys({
      database: database(),
      store: keyStore,
      accounts,
      activities: { noted: async () => undefined },
      knownKeys,
      mails: { notify: async () => undefined },
      vault,
      clock,
    });
    return { proof, accounts, apiKeys };
  }

  let members = 0;

  /** A key of an active account with two-factor authentication. */
  async function someKey(
    options: Pick<ApiKeyChange, "allowedIps"> & { expiresAt?: Date } = {},
  ): Promise<OwnedKey> {
    const { accounts, apiKeys } = process();
    members += 1;
    const email = `owner${members}@example.com`;
    const account = await database().transaction((tx) =>
      accounts.create(
        { email, passwordDigest: "none", role: "member", state: "active", referralId: null },
        tx,
      ),
    );
    await database().transaction((tx) => accounts.setOtp(account, true, tx));
    const created = await apiKeys.create(account.id, { algorithm: "HS256", scope: ["trade"], ...options });
    return { accountId: account.id, kid: created.key.kid, secret: created.secret };
  }

  return { now, database, process, someKey };
}

const REQUEST = { verb: "POST", target: "/api/v2/peatio/market/orders?market=btcusd", ip: "203.0.113.7" };

/** A request with these headers. */
export const withHeaders = (headers: Partial<KeyHeaders>, also: Partial<KeyRequest> = {}): KeyRequest => ({
  apikey: headers["x-auth-apikey"] ?? null,
  nonce: headers["x-auth-nonce"] ?? null,
  signature: headers["x-auth-signature"] ?? null,
  bodyHash: headers["x-auth-content-sha256"] ?? null,
  ...REQUEST,
  ...also,
});

/** A request that the key signs as a whole. */
export const signed = (key: SigningKey, what: ToSign, also: Partial<KeyRequest> = {}): KeyRequest =>
  withHeaders(signedByRequest(key, { ...REQUEST, body: '{"side":"buy"}', ...what }), also);

/** How an attempt to prove and to use up ended: the key's name or the refusal's reasons. */
export async function outcomeOf(proving: Promise<ProvedKey>): Promise<unknown> {
  try {
    const proved = await proving;
    await proved.useUp();
    return proved.kid;
  } catch (refusal) {
    return (refusal as { reasons?: unknown }).reasons ?? refusal;
  }
}
