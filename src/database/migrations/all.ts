import type { Migration } from "../migrate.js";
import { accounts } from "./0001-accounts.js";

/** Every migration, oldest first. */
export const migrations: readonly Migration[] = [accounts];
