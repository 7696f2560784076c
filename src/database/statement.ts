/** Whether a statement ends a transaction ("ROLLBACK TO SAVEPOINT" does not), and how. */
export function transactionEnd(sql: string): "COMMIT" | "ROLLBACK" | undefined {
  const verb = /^\s*(COMMIT|ROLLBACK)\s*;?\s*$/i.exec(sql)?.[1]?.toUpperCase();
  return verb === "COMMIT" || verb === "ROLLBACK" ? verb : undefined;
}
