import type { Migration } from "../migration.js";
import { accounts } from "./0001-accounts.js";

/** Every migration, oldest first. */
export const migrations: readonly Migration[] = [accounts];
