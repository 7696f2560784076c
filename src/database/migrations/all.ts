import type { Migration } from "../migration.js";
import { accounts } from "./0001-accounts.js";
import { identity } from "./0002-identity.js";

/** Oldest first. */
export const migrations: readonly Migration[] = [accounts, identity];
