import type { Migration } from "../migration.js";
import { accounts } from "./0001-accounts.js";
import { identity } from "./0002-identity.js";
import { gateway } from "./0003-gateway.js";

/** Oldest first. */
export const migrations: readonly Migration[] = [accounts, identity, gateway];
