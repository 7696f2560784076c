import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mysql from "mysql2/promise";
import { describe } from "vitest";
import {
  type Database,
  type DatabaseNeeds,
  type DatabaseSettings,
  openDatabase,
} from "../../src/database/database.js";
import { migrateUp } from "../../src/database/migrate.js";

/** A kind of database the suite runs on. */
export interface TestDatabase {
  readonly name: "sqlite" | "mysql";
  /** Makes an empty database that nobody else uses. */
  create(): Promise<FreshDatabase>;
}

export interface FreshDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/**
 * The databases this run is for. TEST_DATABASES names them ("sqlite,mysql"); unset, it is SQLite, and MySQL too when
 * TEST_MYSQL_URL says where to create databases (`mysql://root@127.0.0.1:3306`). MySQL without an address is an
 * error, so that nobody believes to have tested it.
 */
export function testDatabases(): TestDatabase[] {
  const adminUrl = process.env.TEST_MYSQL_URL;
  const names = (process.env.TEST_DATABASES ?? (adminUrl ? "sqlite,mysql" : "sqlite")).split(",");
  return names.map((name) => {
    if (name === "sqlite") return { name, create: createFile };
    if (name !== "mysql") throw new Error(`TEST_DATABASES names ${name}; known are sqlite and mysql`);
    if (!adminUrl) throw new Error("TEST_DATABASES names mysql, but TEST_MYSQL_URL does not say where it is");
    return { name, create: () => createOnServer(adminUrl) };
  });
}

/** Runs the same tests on each database of this run. */
export function describeEachDatabase(name: string, tests: (database: TestDatabase) => void): void {
  for (const database of testDatabases()) describe(`${name} (${database.name})`, () => tests(database));
}

/** A new database with all migrations applied; `close` also drops it. */
export async function openMigrated(
  kind: TestDatabase,
  settings: Partial<DatabaseSettings> = {},
  needs: DatabaseNeeds = {},
): Promise<{ database: Database; url: string; close(): Promise<void> }> {
  const { url, drop } = await kind.create();
  const database = await openDatabase({ url, poolSize: 10, queryTimeoutMs: 10_000, ...settings }, needs);
  await migrateUp(database);
  const close = async (): Promise<void> => {
    await database.close();
    await drop();
  };
  return { database, url, close };
}

async function createFile(): Promise<FreshDatabase> {
  const folder = await mkdtemp(join(tmpdir(), "barong-test-"));
  return {
    url: `sqlite:${join(folder, "test.db")}`,
    drop: () => rm(folder, { recursive: true, force: true }),
  };
}

async function createOnServer(adminUrl: string): Promise<FreshDatabase> {
  const name = `barong_test_${randomUUID().replaceAll("-", "")}`;
  await administrate(adminUrl, `CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administrate(adminUrl, `DROP DATABASE IF EXISTS ${name}`) };
}

async function administrate(adminUrl: string, sql: string): Promise<void> {
  const { hostname, port, username, password } = new URL(adminUrl);
  const connection = await mysql.createConnection({
    host: hostname,
    port: Number(port || 3306),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  });
  try {
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}
