import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Servers } from "./cases.js";
import { createMysqlDatabase } from "./databases.js";
import { startProduct } from "./product.js";
import { type Ports, startServer } from "./server-process.js";

export interface ServerSettings {
  /** A MySQL server on which a database may be created, `mysql://user:password@host:port`. */
  readonly mysqlUrl: string | undefined;
  /** Folder for a CPU profile of each server. */
  readonly profiles: string | undefined;
}

/** Takes what is to be closed at the end, the latest first. */
export type Deferred = (close: () => Promise<void> | void) => void;

/** Starts every server that is measured, each in a process of its own. */
export async function startServers({ mysqlUrl, profiles }: ServerSettings, defer: Deferred) {
  const folder = () => {
    const made = mkdtempSync(join(tmpdir(), "barong-bench-"));
    defer(() => rmSync(made, { recursive: true, force: true }));
    return made;
  };
  const program = (name: string, ...first: readonly string[]) =>
    startServer({ program: `bench/servers/${name}.js`, args: portsAfter(first), profiles });
  const product = (databaseUrl: string, ownFolder: string) =>
    startProduct({ databaseUrl, folder: ownFolder, profiles });

  const forSqlite = folder();
  const database = mysqlUrl === undefined ? undefined : await createMysqlDatabase(mysqlUrl);
  if (database) defer(database.drop);
  const starting = {
    bare: program("bare"),
    libraries: program("libraries"),
    handler: program("doors", "handler"),
    withinCall: program("doors", "withinCall"),
    guard: program("doors", "guard"),
    sqlite: product(`sqlite:${join(forSqlite, "barong.db")}`, forSqlite),
    mysql: database ? product(database.url, folder()) : undefined,
  };
  // One that cannot start must not leave the others without an end.
  for (const started of await Promise.allSettled(Object.values(starting))) {
    if (started.status === "fulfilled" && started.value) defer(started.value.stop);
  }
  const servers: Servers = {
    bare: await starting.bare,
    libraries: await starting.libraries,
    handler: await starting.handler,
    withinCall: await starting.withinCall,
    guard: await starting.guard,
    sqlite: await starting.sqlite,
    mysql: await starting.mysql,
  };
  return { servers, mysqlVersion: database?.version };
}

const portsAfter =
  (first: readonly string[]) =>
  ({ http, grpc }: Ports): readonly string[] => [...first, String(http), String(grpc)];
