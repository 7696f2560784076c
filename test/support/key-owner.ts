import { activeMember } from "./rest.js";
import type { SigningKey } from "./signing.js";
import type { Started } from "./start-app.js";

export interface MemberKey extends SigningKey {
  readonly accountId: number;
  readonly email: string;
}

interface KeyOptions {
  readonly scope?: readonly string[];
  readonly allowedIps?: readonly string[];
  readonly expiresAt?: Date;
}

/** An API key of a new member, who has two-factor authentication on. */
export async function keyOfMember(
  app: Started,
  { scope = ["trade"], ...bounds }: KeyOptions = {},
): Promise<MemberKey> {
  const email = await activeMember(app);
  const account = await app.rooms.accounts.byEmail(email);
  if (!account) throw new Error(`nobody has the address ${email}`);
  await app.database.transaction((tx) => app.rooms.accounts.setOtp(account, true, tx));
  const created = await app.rooms.apiKeys.create(account.id, { algorithm: "HS256", scope, ...bounds });
  return { accountId: account.id, email, kid: created.key.kid, secret: created.secret };
}
