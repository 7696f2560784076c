import { activeMember, bearerFor, freshEmail, pendingMember, post, signIn } from "../support/rest.js";
import { enableSecondFactor } from "../support/second-factor.js";
import type { Started } from "../support/start-app.js";

/** The account that a call is about, fresh for every call. */
export interface Given {
  readonly email: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

// What somebody has who makes a call.

export const nobody = async (): Promise<Given> => ({ email: freshEmail() });
export const pending = async (app: Started): Promise<Given> => ({ email: await pendingMember(app) });
export const active = async (app: Started): Promise<Given> => ({ email: await activeMember(app) });

export async function awaiting(app: Started): Promise<Given> {
  const email = await pendingMember(app);
  return { email, token: await app.tokenFor(email) };
}

export async function forgetful(app: Started): Promise<Given> {
  const email = await activeMember(app);
  await post(app, "/identity/users/password/generate_code", { email });
  return { email, token: await app.tokenFor(email) };
}

export async function banned(app: Started): Promise<Given> {
  const email = await activeMember(app);
  const cookie = await signIn(app, email);
  const headers = { cookie, authorization: await bearerFor(app, cookie) };
  const id = await idOf(app, email);
  await app.database.transaction((tx) => app.rooms.accounts.setState({ id }, "banned", tx));
  return { email, headers };
}

export async function withSecondFactor(app: Started): Promise<Given> {
  const email = await activeMember(app);
  await enableSecondFactor(app, email);
  return { email };
}

export async function onAForeignPage(app: Started): Promise<Given> {
  const email = await activeMember(app);
  return { email, headers: { cookie: await signIn(app, email), origin: "https://evil.example" } };
}

async function idOf(app: Started, email: string): Promise<number> {
  const account = await app.rooms.accounts.byEmail(email);
  if (!account) throw new Error(`there is no account ${email}`);
  return account.id;
}
