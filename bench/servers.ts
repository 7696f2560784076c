import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Servers } from "./cases.js";
import { createMysqlDatabase } from "./databases.js";
import type { Judge, Judges, Sizes } from "./gateway.js";
import { type Product, type ProductSettings, startProduct, vault } from "./product.js";
import { seedApiKey, seedSessions } from "./seeds.js";
import { type Ports, type ServerProcess, startServer } from "./server-process.js";

export interface ServerSettings {
  /** A MySQL server on which databases may be created, `mysql://user:password@host:port`. */
  readonly mysqlUrl: string | undefined;
  readonly sizes: Sizes;
  /** Folder for a CPU profile of each server. */
  readonly profiles: string | undefined;
}

/** What starting needs of whoever asked for it. */
export interface Surroundings {
  /** Takes what is to be closed at the end, the latest first. */
  defer(close: () => Promise<void> | void): void;
  print(line: string): void;
}

/** Starts every server that is measured, each in a process of its own, and fills the databases. */
export async function startServers(settings: ServerSettings, surroundings: Surroundings) {
  const { mysqlUrl, profiles } = settings;
  const { defer } = surroundings;
  const kept = async <Started extends ServerProcess>(starting: Promise<Started>): Promise<Started> => {
    const server = await starting;
    defer(server.stop);
    return server;
  };
  const program = (file: string, ...first: readonly string[]) =>
    kept(
      startServer({
        name: first[0] ?? file,
        program: `bench/servers/${file}.js`,
        args: portsAfter(first),
        profiles,
      }),
    );
  const product: StartProduct = (name, databaseUrl, more = {}) => {
    const folder = mkdtempSync(join(tmpdir(), "barong-bench-"));
    defer(() => rmSync(folder, { recursive: true, force: true }));
    const url = databaseUrl ?? `sqlite:${join(folder, "barong.db")}`;
    return kept(startProduct({ name, databaseUrl: url, folder, settings: more, profiles }));
  };

  const starting = {
    bare: program("bare"),
    libraries: program("libraries"),
    handler: program("doors", "handler"),
    withinCall: program("doors", "withinCall"),
    guard: program("doors", "guard"),
    sqlite: product("sqlite").then(judgeOn),
    mysql: mysqlUrl === undefined ? undefined : startMysql(mysqlUrl, settings.sizes, product, surroundings),
  };
  // One that cannot start must not leave the others without an end.
  await Promise.allSettled(Object.values(starting));
  const mysql = await starting.mysql;
  const servers: Servers = {
    bare: await starting.bare,
    libraries: await starting.libraries,
    handler: await starting.handler,
    withinCall: await starting.withinCall,
    guard: await starting.guard,
    sqlite: await starting.sqlite,
    mysql: mysql?.judges,
  };
  return { servers, mysqlVersion: mysql?.version };
}

/** On a file of its own where no database is named. */
type StartProduct = (
  name: string,
  databaseUrl?: string,
  settings?: ProductSettings["settings"],
) => Promise<Product>;

async function startMysql(
  serverUrl: string,
  sizes: Sizes,
  product: StartProduct,
  { defer, print }: Surroundings,
): Promise<{ readonly judges: Judges; readonly version: string }> {
  const small = await createMysqlDatabase(serverUrl);
  defer(small.drop);
  const many = await createMysqlDatabase(serverUrl);
  defer(many.drop);
  const withoutCache = { AUTHZ_CACHE_MS: "0" };
  const [server, large] = await Promise.all([
    product("mysql", small.url),
    product("mysql-large", many.url, withoutCache),
  ]);
  // On the tables that the first one has made.
  const uncached = await product("mysql-uncached", small.url, withoutCache);
  await seedSessions(small.url, sizes.small, print);
  await seedSessions(many.url, sizes.large, print);
  return { judges: { ...(await judgeOn(server)), uncached, large, sizes }, version: small.version };
}

const judgeOn = async (server: Product): Promise<Judge> => ({
  server,
  key: await seedApiKey(server.databaseUrl, vault),
});

const portsAfter =
  (first: readonly string[]) =>
  ({ http, grpc }: Ports): readonly string[] => [...first, String(http), String(grpc)];
