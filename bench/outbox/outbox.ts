import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEnvelopes } from "../../src/features/event-sinks/envelope.js";
import { systemClock } from "../../src/platform/clock.js";
import { readSigningKey } from "../../src/platform/signing-key.js";
import { createMysqlDatabase } from "../databases.js";
import { type Product, startProduct, vault } from "../product.js";
import { seedSessions } from "../seeds.js";
import type { Surroundings } from "../servers.js";
import { type Backlog, type Drain, seedBacklog, toldEvent, watchDrain } from "./backlog.js";
import { measureSignUps, type SignUps } from "./sign-ups.js";
import { startSink } from "./sink.js";

export interface OutboxPlan {
  /** Rows of the long backlog. */
  readonly backlog: number;
  /** Rows that one process delivers, and then two. */
  readonly rows: number;
  /** Events handed over without an outbox. */
  readonly plain: number;
  readonly accounts: number;
  readonly rounds: number;
  readonly signUps: number;
}

export interface OutboxFigures {
  readonly sink: string;
  readonly mysqlVersion: string;
  readonly accounts: number;
  /** Events a second without an outbox: with one body over and over, and with each signed as it leaves. */
  readonly plain: { readonly sameBody: number; readonly signed: number };
  /** Rows written a second, many in a statement. */
  readonly written: number;
  readonly one: Drain;
  readonly two: Drain;
  readonly backlog: Drain;
  readonly signUps: readonly SignUps[];
}

/** What it costs that nothing is lost, on MySQL. */
export async function measureOutbox(
  mysqlUrl: string,
  plan: OutboxPlan,
  surroundings: Surroundings,
): Promise<OutboxFigures> {
  const { defer, print } = surroundings;
  const sink = await startSink(process.env, surroundings);
  let started = 0;
  const product = async (url: string, settings: Readonly<Record<string, string>>): Promise<Product> => {
    const folder = mkdtempSync(join(tmpdir(), "barong-bench-"));
    defer(() => rmSync(folder, { recursive: true, force: true }));
    started += 1;
    const server = await startProduct({ name: `outbox-${started}`, databaseUrl: url, folder, settings });
    defer(server.stop);
    return server;
  };
  const database = async () => {
    const made = await createMysqlDatabase(mysqlUrl);
    defer(made.drop);
    return made;
  };

  print("handing events over without an outbox");
  const envelope = envelopes();
  const body = await envelope();
  await sink.handOver(plan.plain / 10, envelope);
  const plain = {
    sameBody: await sink.handOver(plan.plain, async () => body),
    signed: await sink.handOver(plan.plain, envelope),
  };

  print("signing up: no listener, one that lives, one that is dead");
  const [none, living, dead] = [await database(), await database(), await database()];
  const servers = [
    { name: "nobody listens", server: await product(none.url, {}) },
    { name: `${sink.name} listens`, server: await product(living.url, sink.settings) },
    { name: "the listener is dead", server: await product(dead.url, sink.deadSettings) },
  ];
  const signUps = await measureSignUps(servers, plan);
  for (const { server } of servers) await server.stop();

  await seedSessions(none.url, plan.accounts, print);
  let written = Number.NaN;
  const drain = async (rows: number, processes: number): Promise<Drain> => {
    print(`${rows} rows, ${processes === 1 ? "one process" : `${processes} processes`}`);
    const backlog: Backlog = { url: none.url, channel: sink.channel, vault, rows, accounts: plan.accounts };
    written = await seedBacklog(backlog);
    const starting = Array.from({ length: processes }, () => product(none.url, sink.settings));
    await Promise.allSettled(starting);
    const ready = await Promise.all(starting);
    const drained = await watchDrain(backlog, ready);
    for (const server of ready) await server.stop();
    return drained;
  };
  const one = await drain(plan.rows, 1);
  const two = await drain(plan.rows, 2);
  const backlog = await drain(plan.backlog, 1);
  const { accounts } = plan;
  return {
    ...{ sink: sink.name, mysqlVersion: none.version, accounts },
    ...{ plain, written, one, two, backlog, signUps },
  };
}

/** Each signed anew, by a key like that of the servers. */
function envelopes(): () => Promise<string> {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = readSigningKey(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  const envelope = createEnvelopes({ key: () => key, algorithm: undefined, clock: systemClock });
  return () => envelope(toldEvent());
}
