import { BaseError, ConnectionError, TimeoutError, UniqueConstraintError } from "sequelize";

/** The call being served ended (caller gone or deadline passed) before its database work did. */
export class CallEnded extends Error {
  override readonly name = "CallEnded";
  constructor() {
    super("the call ended before its database work did");
  }
}

/** The server did not answer a statement within `queryTimeoutMs`; the outcome of a write is unknown. */
export class QueryTimeout extends Error {
  override readonly name = "QueryTimeout";
  readonly code = "QUERY_TIMEOUT";
  constructor(milliseconds: number) {
    super(`the database did not answer within ${milliseconds} ms`);
  }
}

/** The connection broke while a transaction was using it. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
  readonly code = "PROTOCOL_CONNECTION_LOST";
  constructor() {
    super("the connection to the database was lost");
  }
}

/** The database could not be reached in the time given to it. */
export class DatabaseUnreachable extends Error {
  override readonly name = "DatabaseUnreachable";
}

/**
 * Whether a write broke a unique index, and, when `indexName` is given, whether it was that one.
 * A primary key is called "PRIMARY". Both databases answer alike.
 */
export function isUniqueViolation(error: unknown, indexName?: string): boolean {
  if (!(error instanceof UniqueConstraintError)) return false;
  return indexName === undefined || brokenIndex(error) === indexName;
}

/** Whether the database is at present unable to answer, so that the caller may try again later (503). */
export function isUnavailable(error: unknown): boolean {
  return chainOf(error).some(
    (link) =>
      link instanceof DatabaseUnreachable ||
      link instanceof QueryTimeout ||
      link instanceof ConnectionError ||
      link instanceof TimeoutError ||
      UNAVAILABLE_CODES.has(stringCode(link)) ||
      UNAVAILABLE_NUMBERS.has(serverNumber(link)) ||
      isConflict(link),
  );
}

/** Whether the whole transaction was undone by the database and may be tried again with a fresh snapshot. */
export const isRetryable = (error: unknown): boolean => chainOf(error).some(isConflict);

/** What went wrong in a few words that are safe to print: a code if there is one, never SQL or values. */
export function shortReason(error: unknown): string {
  const codes = chainOf(error).map(stringCode).filter(Boolean);
  if (codes[0] !== undefined) return codes[0];
  return error instanceof Error ? error.name : "unknown error";
}

function isConflict(link: Error): boolean {
  const number = serverNumber(link);
  if (RETRY_NUMBERS.has(number)) return true;
  // 1180 wraps any failure of a commit; only the storage engine's error 149 says "deadlock, retry".
  if (number === 1180) return link.message.includes("149");
  return stringCode(link) === "SQLITE_BUSY" || ("sqlState" in link && link.sqlState === "40001");
}

// MySQL names the index ("users.users_email", MariaDB without the table); the embedded driver adds it to its errors.
function brokenIndex(error: UniqueConstraintError): string | undefined {
  const cause = error.parent;
  if ("index" in cause && typeof cause.index === "string") return cause.index;
  return / for key '(?:[^']*\.)?([^'.]+)'$/.exec(cause.message)?.[1];
}

function chainOf(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let link = error; link instanceof Error && !chain.includes(link); link = causeOf(link))
    chain.push(link);
  return chain;
}

function causeOf(error: Error): unknown {
  if (error instanceof BaseError && "parent" in error) return error.parent;
  return error.cause;
}

const stringCode = (error: Error): string =>
  "code" in error && typeof error.code === "string" ? error.code : "";

const serverNumber = (error: Error): number =>
  "errno" in error && typeof error.errno === "number" ? error.errno : 0;

// 1213 deadlock, 1205 lock wait, 3101 rolled back by certification, 1020 snapshot too old (MariaDB).
const RETRY_NUMBERS = new Set([1213, 1205, 3101, 1020]);

// Too many connections, shutting down, disk or table full, not ready (Galera), statement time exceeded,
// group replication hook failed, read-only in its several spellings.
const UNAVAILABLE_NUMBERS = new Set([
  1021, 1040, 1047, 1053, 1114, 1203, 1290, 1792, 1836, 1927, 1969, 3024, 3100,
]);

const UNAVAILABLE_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "PROTOCOL_CONNECTION_LOST",
  "SQLITE_ABORT",
  "SQLITE_BUSY",
  "SQLITE_CANTOPEN",
  "SQLITE_FULL",
  "SQLITE_IOERR",
  "SQLITE_READONLY",
]);
