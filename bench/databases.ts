import mysql from "mysql2/promise";
import { randomHex } from "../src/platform/random.js";

export interface BenchDatabase {
  readonly url: string;
  /** As the server calls itself. */
  readonly version: string;
  drop(): Promise<void>;
}

/** Makes an empty database on a MySQL server, `mysql://user:password@host:port`. */
export async function createMysqlDatabase(serverUrl: string): Promise<BenchDatabase> {
  const name = `barong_bench_${randomHex(8)}`;
  await administrate(serverUrl, `CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  const [row] = await administrate<{ version: string }>(serverUrl, "SELECT VERSION() AS version");
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    version: row?.version ?? "unknown",
    drop: async () => {
      await administrate(serverUrl, `DROP DATABASE IF EXISTS ${name}`);
    },
  };
}

async function administrate<Row>(serverUrl: string, sql: string): Promise<readonly Row[]> {
  const { hostname, port, username, password } = new URL(serverUrl);
  const connection = await mysql.createConnection({
    host: hostname,
    port: Number(port || 3306),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  });
  try {
    const [rows] = await connection.query(sql);
    return Array.isArray(rows) ? (rows as Row[]) : [];
  } finally {
    await connection.end();
  }
}
