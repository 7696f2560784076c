import type { Sequelize, Transaction } from "sequelize";

/**
 * The parts of Sequelize 6.37.8 that we lean on and that its types do not promise. Nothing else in the project
 * reaches into Sequelize; the version is pinned, and the database tests exercise each of them.
 */
export interface SequelizeInternals {
  readonly connectionManager: ConnectionManager;
  readonly dialect: { Query: QueryClass };
  readonly options: { databaseVersion: string };
  readonly config: { keepDefaultTimezone?: boolean };
}

export interface ConnectionManager {
  /** Takes a connection out of the pool (SQLite: opens one). */
  getConnection(options: unknown): Promise<object>;
  releaseConnection(connection: object): void;
  /** Opens a new connection for the pool (MySQL only). */
  connect(config: unknown): Promise<object>;
  disconnect(connection: object): Promise<void>;
  /** Empties the process-wide table of value parsers of this dialect. */
  _clearTypeParser(): void;
}

export type QueryClass = new (connection: object, sequelize: Sequelize, options: unknown) => RunningQuery;

export interface RunningQuery {
  readonly connection: object;
  run(sql: string, parameters: unknown): Promise<unknown>;
  formatError(error: Error, stack: string): Error;
}

export interface TransactionInternals {
  finished?: "commit" | "rollback";
  options: object;
  /** Gives the connection back to the pool. */
  cleanup(): void;
  /** Closes the connection instead. */
  forceCleanup(): Promise<void>;
}

export const internalsOf = (sequelize: Sequelize): SequelizeInternals =>
  sequelize as unknown as SequelizeInternals;

export const transactionInternals = (transaction: Transaction): TransactionInternals =>
  transaction as unknown as TransactionInternals;

export interface CommittingInterface {
  commitTransaction(transaction: Transaction, options: object): Promise<unknown>;
}

export const committingInterface = (sequelize: Sequelize): CommittingInterface =>
  sequelize.getQueryInterface() as unknown as CommittingInterface;
