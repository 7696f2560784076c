import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { type App, startApp } from "../../src/app.js";
import { type Clock, systemClock } from "../../src/platform/clock.js";
import { readConfig } from "../../src/platform/config.js";
import { type Logger, silentLogger } from "../../src/platform/logger.js";
import type { MailboxEntry } from "../../src/ports/mail/mailbox.js";
import type { TestDatabase } from "./databases.js";

/** A good password by every rule. */
export const PASSWORD = "Tecohvi0";

export interface Started extends App {
  /** Where HTTP is served, without a trailing slash. */
  readonly http: string;
  /** Where gRPC is served. */
  readonly grpc: string;
  /** Every mail sent so far, newest first, after all that is waiting has been sent. */
  mails(): Promise<MailboxEntry[]>;
  /** The token in the newest mail to an address that has one. */
  tokenFor(email: string): Promise<string>;
}

export interface StartOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** Starts the whole server on a fresh database for the tests of this `describe`, and stops it afterwards. */
export function startedApp(database: TestDatabase, options: StartOptions = {}): Started {
  let started: (Started & { stop(): Promise<void> }) | undefined;
  beforeAll(async () => {
    started = await start(database, options);
  });
  afterAll(() => started?.stop());
  return new Proxy({} as Started, {
    get(_target, name) {
      if (!started) throw new Error("the server is started by beforeAll");
      return Reflect.get(started, name);
    },
  });
}

/** Starts the whole server on a fresh database; `stop` closes it and drops the database. */
export async function start(
  database: TestDatabase,
  { environment = {}, clock = systemClock, logger = silentLogger }: StartOptions = {},
): Promise<Started & { stop(): Promise<void> }> {
  const fresh = await database.create();
  const dataDir = await mkdtemp(join(tmpdir(), "barong-app-"));
  const config = readConfig({
    HTTP_PORT: "0",
    GRPC_PORT: "0",
    ADMIN_PASSWORD: PASSWORD,
    DATABASE_URL: fresh.url,
    DATA_DIR: dataDir,
    ...environment,
  });
  const app = await startApp(config, { clock, logger });
  const http = `http://127.0.0.1:${app.httpPort}`;

  async function mails(): Promise<MailboxEntry[]> {
    const response = await fetch(`${http}/dev/mailbox.json`);
    return (await response.json()) as MailboxEntry[];
  }

  return {
    ...app,
    http,
    grpc: `127.0.0.1:${app.grpcPort}`,
    mails,
    async tokenFor(email) {
      const mail = (await mails()).find(({ to, token }) => to === email && token !== undefined);
      if (mail?.token === undefined) throw new Error(`no mail with a token was sent to ${email}`);
      return mail.token;
    },
    async stop() {
      await app.close();
      await fresh.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
