import type { Account, AccountState } from "../../src/features/accounts/accounts.js";
import { freshEmail, signIn } from "./rest.js";
import type { Started } from "./start-app.js";

/** The headers with which the first administrator calls. */
export const asAdministrator = async (app: Started): Promise<{ cookie: string }> => ({
  cookie: await signIn(app, "admin@barong.io"),
});

export interface Traits {
  readonly email?: string;
  readonly role?: string;
  readonly state?: AccountState;
  readonly level?: number;
  readonly otp?: boolean;
  readonly referralId?: number;
}

/** Makes an account to which nobody can sign in. */
export function someAccount(app: Started, traits: Traits = {}): Promise<Account> {
  const { email = freshEmail(), role = "member", state = "active", referralId = null } = traits;
  const { accounts } = app.rooms;
  return app.database.transaction(async (tx) => {
    const account = await accounts.create({ email, role, state, referralId, passwordDigest: "none" }, tx);
    if (traits.level !== undefined) await accounts.setLevel(account, traits.level, tx);
    if (traits.otp !== undefined) await accounts.setOtp(account, traits.otp, tx);
    return (await accounts.byId(account.id, tx)) ?? account;
  });
}

/** An account as it is now. */
export async function accountWith(app: Started, email: string): Promise<Account> {
  const account = await app.rooms.accounts.byEmail(email);
  if (!account) throw new Error(`there is no account ${email}`);
  return account;
}

/** Makes an account an administrator. */
export async function promote(app: Started, email: string): Promise<void> {
  const account = await accountWith(app, email);
  await app.database.transaction((tx) => app.rooms.accounts.setRole(account, "admin", tx));
}
