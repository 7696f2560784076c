import { callSignal } from "../../platform/deadline.js";
import { transactionEnd } from "../statement.js";
import { runAlone } from "./alone.js";
import type { EmbeddedFile } from "./file.js";
import type { Outcome } from "./handle.js";
import { bindingsOf, type Row } from "./values.js";
import { WriteTransaction } from "./write-transaction.js";

/**
 * What Sequelize takes for a connection of the `sqlite3` package: one for each transaction, and one that all statements
 * outside of transactions share. Here each is only a thin view on the file.
 */
export class EmbeddedConnection {
  /** Set by Sequelize: the id of the transaction this connection belongs to. */
  uuid?: string;
  readonly filename: string;
  #transaction: WriteTransaction | undefined;

  constructor(
    private readonly file: EmbeddedFile,
    opened: (error: Error | null) => void,
  ) {
    this.filename = file.path;
    // The callback must come after the constructor has returned, as a promise's does.
    file.open().then(() => opened(null), opened);
  }

  serialize(work: () => void): void {
    work();
  }

  run(sql: string, parameters?: unknown, answer?: Answer): void {
    // Only Sequelize's "PRAGMA FOREIGN_KEYS=ON" comes without a callback; the handles have it already.
    if (answer !== undefined) this.#answer(sql, parameters, answer);
  }

  all(sql: string, parameters: unknown, answer?: Answer): void {
    // Before each SELECT, Sequelize asks for the types of the columns, which our rows already have.
    if (typeof parameters === "function" && sql.startsWith("PRAGMA table_info(")) {
      parameters.call(new Statement(0, 0), null, []);
    }
    if (answer !== undefined) this.#answer(sql, parameters, answer);
  }

  close(closed?: (error: Error | null) => void): void {
    this.#transaction?.rollback();
    closed?.(null);
  }

  #answer(sql: string, parameters: unknown, answer: Answer): void {
    this.#execute(sql, parameters).then(
      ({ rows, changes, lastId }) => answer.call(new Statement(lastId, changes), null, rows),
      (error: Error) => answer.call(new Statement(0, 0), error),
    );
  }

  async #execute(sql: string, parameters: unknown): Promise<Outcome> {
    const bindings = bindingsOf(parameters);
    const end = transactionEnd(sql);
    if (end === "ROLLBACK") {
      this.#transaction?.rollback();
      return NOTHING;
    }
    if (/^\s*BEGIN\b/i.test(sql)) {
      this.#transaction = await WriteTransaction.begin(this.file, sql, callSignal());
      return NOTHING;
    }
    if (this.#transaction === undefined) return runAlone(this.file, sql, bindings, callSignal());
    if (end === undefined) return this.#transaction.execute(sql, bindings, callSignal());
    await this.#transaction.commit();
    return NOTHING;
  }
}

/** Carries a statement's outcome as `this` of the callback; Sequelize looks at the name of the class. */
class Statement {
  constructor(
    readonly lastID: number,
    readonly changes: number,
  ) {}
}

type Answer = (this: Statement, error: Error | null, rows?: Row[]) => void;

const NOTHING: Outcome = { rows: [], changes: 0, lastId: 0 };
