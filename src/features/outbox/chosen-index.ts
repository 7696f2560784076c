import type { Database } from "../../database/database.js";

/** What is due on a channel, with the topics, for lists are read of it alone; the rows of an account by their lines; what somebody got. */
export type OutboxIndex = "outbox_channel_due" | "outbox_line" | "outbox_recipient";

/** Names the index by which a table is read: figures about the indices are old when a backlog comes, and SQLite has none. */
export const indexChooser =
  ({ dialect }: Pick<Database, "dialect">) =>
  (index: OutboxIndex): string =>
    dialect === "mysql" ? `FORCE INDEX (${index})` : `INDEXED BY ${index}`;

/** The operator that finds `NULL` equal to itself, by an index too. */
export const sameOrNone = ({ dialect }: Pick<Database, "dialect">): string =>
  dialect === "mysql" ? "<=>" : "IS";
