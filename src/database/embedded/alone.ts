import type { EmbeddedFile } from "./file.js";
import type { Outcome } from "./handle.js";
import type { Bindings } from "./values.js";
import { WriteTransaction } from "./write-transaction.js";

/** Runs one statement outside of any transaction of a caller's; one that writes is a transaction of its own. */
export async function runAlone(
  file: EmbeddedFile,
  sql: string,
  bindings: Bindings | undefined,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  if (READING.test(sql)) {
    const { reader } = await file.open();
    return file.step(() => reader.execute(sql, bindings), signal);
  }
  const transaction = await WriteTransaction.begin(file, sql, signal);
  try {
    const outcome = await transaction.execute(sql, bindings, signal);
    await transaction.commit();
    return outcome;
  } catch (error) {
    transaction.rollback();
    throw error;
  }
}

const READING = /^[\s;]*(SELECT|PRAGMA|EXPLAIN|VALUES)\b/i;
