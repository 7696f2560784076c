import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Database } from "../../database/database.js";
import { Failure } from "../../platform/failure.js";
import type { PasswordHasher } from "../../platform/password-hash.js";
import { opaqueToken } from "../../platform/random.js";
import type { Accounts } from "../accounts/accounts.js";
import { normaliseEmail } from "../accounts/email-rules.js";
import type { Labels } from "../labels/labels.js";
import type { Levels } from "../levels/levels.js";

const ROLE = "admin";
const LEVEL = 3;

export interface FirstAdministratorNeeds {
  readonly database: Database;
  readonly accounts: Accounts;
  readonly labels: Labels;
  readonly levels: Levels;
  readonly hasher: PasswordHasher;
}

export interface AdministratorWanted {
  readonly email: string;
  /** Generated when absent. */
  readonly password: string | undefined;
  /** Refuse a password that sign-up would refuse. */
  readonly strict: boolean;
}

export interface Administrator {
  readonly email: string;
  readonly made: "now" | "earlier";
  /** Present when it was generated just now: the one moment at which it can be told. */
  readonly generatedPassword?: string;
}

/**
 * Creates the administrator of an installation that has none, verified up to level 3. Answers undefined when the address is that of
 * a member, who is left as he is.
 * Safe with several processes starting at once: one of them creates it.
 */
export async function createFirstAdministrator(
  { database, accounts, labels, levels, hasher }: FirstAdministratorNeeds,
  { email, password, strict }: AdministratorWanted,
): Promise<Administrator | undefined> {
  const present = await accounts.firstWithRole(ROLE);
  if (present) return { email: present.email, made: "earlier" };
  const address = normaliseEmail(email);
  if (accounts.emailReasons(address).length > 0) throw new Error("ADMIN_EMAIL is no e-mail address");
  const chosen = password ?? generated(accounts);
  if (strict && accounts.passwordReasons(chosen).length > 0) {
    throw new Error("ADMIN_PASSWORD is too weak: sign-up would refuse it");
  }
  const member = { email: address, passwordDigest: await hasher.hash(chosen), referralId: null };
  try {
    await database.transaction(async (tx) => {
      const account = await accounts.create({ ...member, role: ROLE, state: "active" }, tx);
      for (const { key, value } of await levels.labelsUpTo(LEVEL, tx)) {
        await labels.setPrivate(account, key, value, tx);
      }
    });
  } catch (fault) {
    if (!(fault instanceof Failure && fault.reasons.includes(ErrorReason.EMAIL_TAKEN))) throw fault;
    const other = await accounts.firstWithRole(ROLE);
    return other && { email: other.email, made: "earlier" };
  }
  return { email: address, made: "now", ...(password === undefined && { generatedPassword: chosen }) };
}

/** A random password that the installation's own rules accept. */
function generated(accounts: Accounts): string {
  for (;;) {
    const candidate = opaqueToken().replaceAll(/[-_]/g, "").slice(0, 20);
    if (accounts.passwordReasons(candidate).length === 0) return candidate;
  }
}
