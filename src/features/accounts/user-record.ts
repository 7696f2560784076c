import type { Account } from "./store.js";

/** An account as events tell it: names and form are a contract with the services that listen. */
export type UserRecord = {
  readonly uid: string;
  readonly email: string;
  readonly role: string;
  readonly level: number;
  readonly otp: boolean;
  readonly state: string;
  /** In UTC, to the second: `2019-02-26T10:44:08Z`. */
  readonly created_at: string;
  readonly updated_at: string;
};

type Recorded = Pick<Account, (typeof FIELDS)[number] | "uid" | "createdAt" | "updatedAt">;

/** What listeners are told of when it changes. */
const FIELDS = ["email", "role", "level", "otp", "state"] as const;

export const userRecord = (account: Recorded): UserRecord => ({
  uid: account.uid,
  email: account.email,
  role: account.role,
  level: account.level,
  otp: account.otp,
  state: account.state,
  created_at: toTheSecond(account.createdAt),
  updated_at: toTheSecond(account.updatedAt),
});

/** The values before of what would change; undefined when nothing would. */
export function changedFrom(
  before: Recorded,
  wanted: Partial<Recorded>,
): Readonly<Record<string, unknown>> | undefined {
  const changed = FIELDS.filter((field) => wanted[field] !== undefined && wanted[field] !== before[field]);
  return changed.length === 0
    ? undefined
    : Object.fromEntries(changed.map((field) => [field, before[field]]));
}

const toTheSecond = (moment: Date): string => moment.toISOString().replace(/\.\d+Z$/, "Z");
