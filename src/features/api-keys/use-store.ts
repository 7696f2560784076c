import type { Database } from "../../database/database.js";
import type { AccountState, Holder } from "../accounts/accounts.js";
import type { ApiKey, ApiKeyState } from "./store.js";

/** What is looked at of a key each time it is used. */
export interface OwnedKey extends Pick<ApiKey, "kid" | "state" | "secretEncrypted" | "allowedIps"> {
  /** The words as JSON: to be read by whoever needs this key, so that one that is broken is nobody else's trouble. */
  readonly scope: string;
  readonly id: number;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly account: Holder;
  /** When it and its owner were read. */
  readonly asOf: Date;
}

interface Row {
  readonly kid: string;
  readonly id: number;
  readonly state: ApiKeyState;
  readonly scope: string;
  readonly secret_encrypted: string;
  readonly allowed_ips: string;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
  readonly account_id: number;
  readonly uid: string;
  readonly email: string;
  readonly role: string;
  readonly level: number;
  readonly otp: boolean | 0 | 1;
  readonly account_state: AccountState;
  readonly referral_id: number | null;
  readonly credentials_changed_at: Date | null;
}

const WITH_OWNER =
  "SELECT k.id, k.kid, k.state, k.scope, k.secret_encrypted, k.allowed_ips, k.expires_at, k.last_used_at, u.id AS account_id, u.uid, u.email," +
  " u.role, u.level, u.otp, u.state AS account_state, u.referral_id, u.credentials_changed_at" +
  " FROM api_keys k JOIN users u ON u.id = k.user_id";

/** What the use of keys reads and writes, all the time. */
export function createUseStore(database: Database) {
  return {
    /** The keys of these names with their owners. */
    async find(kids: readonly string[], asOf: Date): Promise<ReadonlyMap<string, OwnedKey>> {
      const marks = kids.map(() => "?").join();
      const rows = await database.read<Row>(`${WITH_OWNER} WHERE k.kid IN (${marks})`, kids);
      return new Map(rows.map((row) => [row.kid, ownedKeyOf(row, asOf)]));
    },

    /** The name of the key with this number. */
    async kidOf(id: number): Promise<string | undefined> {
      const [row] = await database.read<Pick<Row, "kid">>("SELECT kid FROM api_keys WHERE id = ?", [id]);
      return row?.kid;
    },

    async markUsed(ids: readonly number[], now: Date): Promise<void> {
      const marks = ids.map(() => "?").join();
      await database.write(`UPDATE api_keys SET last_used_at = ? WHERE id IN (${marks})`, [now, ...ids]);
    },
  };
}

export type UseStore = ReturnType<typeof createUseStore>;

const ownedKeyOf = (row: Row, asOf: Date): OwnedKey => ({
  asOf,
  id: Number(row.id),
  kid: row.kid,
  scope: row.scope,
  state: row.state,
  secretEncrypted: row.secret_encrypted,
  allowedIps: row.allowed_ips === "" ? [] : row.allowed_ips.split(","),
  expiresAt: row.expires_at,
  lastUsedAt: row.last_used_at,
  account: {
    id: Number(row.account_id),
    uid: row.uid,
    email: row.email,
    role: row.role,
    level: row.level,
    otp: Boolean(row.otp),
    state: row.account_state,
    referralId: row.referral_id === null ? null : Number(row.referral_id),
    credentialsChangedAt: row.credentials_changed_at,
  },
});
