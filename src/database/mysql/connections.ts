import type { Connection } from "mysql2";
import { beyondCall } from "../../platform/deadline.js";
import { QueryTimeout } from "../errors.js";
import type { ConnectionManager } from "../sequelize-internals.js";
import { typeCast } from "./type-cast.js";

/** How every session of ours is set up, whatever the server's own settings are. */
export interface SessionSettings {
  /** Milliseconds. */
  readonly queryTimeoutMs: number;
  /** Milliseconds; the server counts in whole seconds. */
  readonly lockWaitMs: number;
}

/** Makes the pool open sessions with our settings, and close them without waiting for a server that is gone. */
export function prepareConnections(manager: ConnectionManager, settings: SessionSettings): void {
  const connect = manager.connect.bind(manager);
  // A connection outlives the call that happened to need it first.
  manager.connect = (config) =>
    beyondCall(async () => {
      const connection = asConnection(await connect(config));
      readAsModels(connection);
      await setUp(connection, settings);
      return connection;
    });
  manager.disconnect = async (connection) => close(asConnection(connection));
}

/**
 * Has rows read as models want them, by each query and not by the connection: a query that wants its rows otherwise would have the
 * driver, which looks for one reader and keeps another, make a new one every time.
 */
function readAsModels(connection: Connection): void {
  const driver = connection as unknown as Driver;
  const query = driver.query.bind(connection);
  const execute = driver.execute.bind(connection);
  driver.query = (what, ...rest) =>
    query(typeof what === "object" ? { typeCast, ...what } : { sql: what, typeCast }, ...rest);
  driver.execute = (sql, values, answer) => execute({ sql, values, typeCast }, answer);
}

/** Those forms of the driver's calls that Sequelize and we use. */
interface Driver {
  query(what: string | object, ...rest: unknown[]): unknown;
  execute(...what: unknown[]): unknown;
}

/** Runs `work`, which waits for an answer on this connection; when the answer takes too long, the connection dies. */
export async function withinTime<T>(
  connection: Connection,
  milliseconds: number,
  work: () => Promise<T>,
): Promise<T> {
  const timer = setTimeout(() => abandon(connection, new QueryTimeout(milliseconds)), milliseconds);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Cuts the connection; whatever waits for an answer on it is rejected with `reason`. A half-read connection could
 * hand the next query the answer of this one, so it never goes back to the pool: the pool sees that it is dead.
 */
export const abandon = (connection: Connection, reason: Error): void => {
  streamOf(connection).destroy(reason);
};

export const isDead = (connection: Connection): boolean => streamOf(connection).destroyed;

export const asConnection = (connection: object): Connection => connection as Connection;

/** The settings of one session. MySQL and MariaDB differ in a name; each skips the other's comment. */
function sessionStatements({ queryTimeoutMs, lockWaitMs }: SessionSettings): string[] {
  const lockWaitSeconds = Math.max(1, Math.round(lockWaitMs / 1000));
  // What we have abandoned must not go on for ever on the server; our own timeout comes first.
  const statementMs = queryTimeoutMs + 1000;
  return [
    `SET time_zone = '+00:00', sql_mode = '${SQL_MODE}', innodb_lock_wait_timeout = ${lockWaitSeconds}`,
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    `SET SESSION /*!80000 max_execution_time = ${statementMs} *//*M!100100 max_statement_time = ${statementMs / 1000} */`,
  ];
}

const SQL_MODE =
  "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

async function setUp(connection: Connection, settings: SessionSettings): Promise<void> {
  try {
    await withinTime(connection, settings.queryTimeoutMs, async () => {
      for (const sql of sessionStatements(settings)) await answerOf(connection, sql);
    });
  } catch (error) {
    streamOf(connection).destroy();
    throw error;
  }
}

const answerOf = (connection: Connection, sql: string): Promise<void> =>
  new Promise((resolve, reject) => {
    connection.query(sql, (error) => (error ? reject(error) : resolve()));
  });

// Says goodbye when the server listens, and hangs up in any case: a blackholed server would never answer.
function close(connection: Connection): void {
  const stream = streamOf(connection);
  if (stream.destroyed) return;
  connection.end(() => undefined);
  setTimeout(() => stream.destroy(), GOODBYE_MILLISECONDS).unref();
}

const GOODBYE_MILLISECONDS = 500;

interface Stream {
  readonly destroyed: boolean;
  destroy(error?: Error): void;
}

// mysql2 has the socket, or the TLS socket, as `stream`, but not in its types.
const streamOf = (connection: Connection): Stream => (connection as unknown as { stream: Stream }).stream;
