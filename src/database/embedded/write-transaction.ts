import { EmbeddedError } from "./embedded-error.js";
import type { EmbeddedFile, Handles } from "./file.js";
import type { Outcome } from "./handle.js";
import type { Bindings } from "./values.js";

/** The one transaction that may write to a file at a time. While it is open, it has the file's gate and its writer. */
export class WriteTransaction {
  #isOpen = true;

  private constructor(
    private readonly file: EmbeddedFile,
    private readonly handles: Handles,
  ) {}

  /** Waits for the others. `sql` is what the transaction is for, to tell those who wait too long for it. */
  static async begin(
    file: EmbeddedFile,
    sql: string,
    signal: AbortSignal | undefined,
  ): Promise<WriteTransaction> {
    const handles = await file.open();
    await file.gate.take(sql, signal);
    try {
      // IMMEDIATE, whatever was asked for: a transaction that begins by reading could not become a writer later.
      await file.step(() => handles.writer.exec("BEGIN IMMEDIATE"), signal);
      return new WriteTransaction(file, handles);
    } catch (error) {
      file.gate.give();
      throw error;
    }
  }

  async execute(
    sql: string,
    bindings: Bindings | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Outcome> {
    this.#assertOpen();
    this.file.gate.note(sql);
    try {
      return await this.file.step(() => {
        this.#assertOpen();
        return this.handles.writer.execute(sql, bindings);
      }, signal);
    } finally {
      // On a full disk, for instance, SQLite rolls back by itself; what follows must not run on its own.
      if (this.#isOpen && !this.handles.writer.isInTransaction()) this.#end();
      if (CHANGING_SCHEMA.test(sql)) this.#forgetStatements();
    }
  }

  /** Commits, or rolls back and throws; a commit once begun is not interrupted. */
  async commit(): Promise<void> {
    this.#assertOpen();
    this.file.gate.note("COMMIT");
    try {
      await this.file.step(() => this.handles.writer.exec("COMMIT"), undefined);
    } catch (error) {
      this.rollback();
      throw error;
    }
    this.#end();
  }

  /** Does nothing when the transaction has ended already. */
  rollback(): void {
    if (!this.#isOpen) return;
    try {
      if (this.handles.writer.isInTransaction()) this.handles.writer.exec("ROLLBACK");
    } finally {
      this.#end();
      this.#forgetStatements();
    }
  }

  #end(): void {
    this.#isOpen = false;
    this.file.gate.give();
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new EmbeddedError("SQLite has rolled this transaction back", "SQLITE_ABORT");
  }

  #forgetStatements(): void {
    this.handles.reader.forget();
    this.handles.writer.forget();
  }
}

const CHANGING_SCHEMA = /^\s*(CREATE|ALTER|DROP)\b/i;
