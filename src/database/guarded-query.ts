import { callSignal } from "../platform/deadline.js";
import { CallEnded, ConnectionLost, QueryTimeout } from "./errors.js";
import { abandon, asConnection, isDead, withinTime } from "./mysql/connections.js";
import type { RunningQuery, SequelizeInternals } from "./sequelize-internals.js";
import { transactionEnd } from "./statement.js";

/**
 * Gives every statement the limits it must keep: the query timeout, and the end of the call it is run for.
 * Without them, a server that falls silent holds its caller and a pooled connection for ever.
 */
export function guardQueries(
  internals: SequelizeInternals,
  dialect: "mysql" | "sqlite",
  queryTimeoutMs: number,
): void {
  const run = dialect === "mysql" ? runOnMysql(queryTimeoutMs) : runOnSqlite;

  internals.dialect.Query = class GuardedQuery extends internals.dialect.Query {
    override run(sql: string, parameters: unknown): Promise<unknown> {
      return run(this, sql, () => super.run(sql, parameters));
    }

    // Sequelize would wrap these into a DatabaseError together with the statement and its values.
    override formatError(error: Error, stack: string): Error {
      if (error instanceof CallEnded) return new CallEnded();
      if (error instanceof QueryTimeout) return new QueryTimeout(queryTimeoutMs);
      return super.formatError(error, stack);
    }
  };

  const { connectionManager } = internals;
  const getConnection = connectionManager.getConnection.bind(connectionManager);
  connectionManager.getConnection = (options) =>
    untilCallEnds(
      () => getConnection(options),
      (late) => connectionManager.releaseConnection(late),
    );
}

type Run = (query: RunningQuery, sql: string, work: () => Promise<unknown>) => Promise<unknown>;

// The embedded driver looks at the call by itself, as only there is anything to wait for.
const runOnSqlite: Run = (_query, _sql, work) => work();

const runOnMysql =
  (queryTimeoutMs: number): Run =>
  async (query, sql, work) => {
    const connection = asConnection(query.connection);
    const ending = transactionEnd(sql);
    if (isDead(connection)) {
      // The server has rolled back what a lost connection had begun.
      if (ending === "ROLLBACK") return undefined;
      throw new ConnectionLost();
    }
    // A commit is never cut half way, and a rollback must happen although the call has ended.
    const signal = ending === undefined ? callSignal() : undefined;
    if (signal?.aborted) throw new CallEnded();
    const cut = (): void => abandon(connection, new CallEnded());
    signal?.addEventListener("abort", cut, { once: true });
    try {
      return await withinTime(connection, queryTimeoutMs, work);
    } catch (error) {
      if (ending !== "ROLLBACK") throw error;
      abandon(connection, new CallEnded());
      return undefined;
    } finally {
      signal?.removeEventListener("abort", cut);
    }
  };

/** Waits for a resource, but not longer than the call lasts; one that comes too late goes to `handBack`. */
async function untilCallEnds<T>(obtain: () => Promise<T>, handBack: (late: T) => void): Promise<T> {
  const signal = callSignal();
  if (signal === undefined) return obtain();
  if (signal.aborted) throw new CallEnded();
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new CallEnded());
    signal.addEventListener("abort", onAbort, { once: true });
    obtain()
      .then((resource) => (signal.aborted ? handBack(resource) : resolve(resource)), reject)
      .finally(() => signal.removeEventListener("abort", onAbort));
  });
}
