import { type Database, openDatabase } from "../../src/database/database.js";
import { contextOf } from "../../src/features/outbox/sealing.js";
import { systemClock } from "../../src/platform/clock.js";
import { uuid } from "../../src/platform/random.js";
import type { Vault } from "../../src/platform/secrets.js";
import type { Product } from "../product.js";
import { FIRST_ID } from "../seeds.js";
import { EVENT } from "./sink.js";

const ROWS_IN_A_STATEMENT = 500;
const LOOK_EVERY_MS = 250;
/** Nothing that is well takes as long. */
const LONGEST_MS = 600_000;

/** Events that wait on a channel. */
export interface Backlog {
  readonly url: string;
  readonly channel: string;
  readonly vault: Vault;
  readonly rows: number;
  /** Of those that were seeded. */
  readonly accounts: number;
}

/** How a backlog became none. */
export interface Drain {
  readonly rows: number;
  /** From the first note to the last. */
  readonly rowsPerSecond: number;
  /** Of the servers together, for each row. */
  readonly cpuMicroseconds: number;
  /** Of the first server, from time to time. */
  readonly memory: readonly MemorySample[];
}

export interface MemorySample {
  readonly rowsDone: number;
  readonly bytes: number;
}

/** What an event of the usual size looks like in the outbox. */
export const toldEvent = () => ({
  id: uuid(),
  name: EVENT.name,
  at: systemClock().toISOString(),
  event: {
    user: {
      uid: "ID0000000001",
      email: "somebody@example.com",
      role: "member",
      level: 3,
      otp: false,
      state: "active",
      created_at: "2026-11-26T12:00:00Z",
      updated_at: "2026-11-26T12:00:00Z",
    },
    changes: { level: 2 },
  },
});

/** Writes a backlog; answers how many rows a second that were. */
export const seedBacklog = ({ url, channel, vault, rows, accounts }: Backlog): Promise<number> =>
  inDatabase(url, async (database) => {
    await database.write("DELETE FROM outbox WHERE channel = ?", [channel]);
    const began = performance.now();
    for (let from = 0; from < rows; from += ROWS_IN_A_STATEMENT) {
      const now = systemClock();
      const numbers = Array.from({ length: Math.min(ROWS_IN_A_STATEMENT, rows - from) }, (_, n) => from + n);
      const values = numbers.flatMap((n) => {
        const accountId = FIRST_ID + (n % accounts);
        const told = toldEvent();
        const context = contextOf({ channel, topic: EVENT.name, accountId });
        const payload = vault.seal(JSON.stringify(told), context);
        return [channel, EVENT.name, told.id, accountId, payload, now, now];
      });
      const marks = numbers.map(() => "(?,?,?,?,?,0,?,'waiting',?)").join();
      await database.write(
        `INSERT INTO outbox (channel,topic,message_id,user_id,payload,attempts,available_at,state,created_at) VALUES ${marks}`,
        values,
      );
    }
    return (rows * 1000) / (performance.now() - began);
  });

/** Waits until servers that have just been started have delivered a backlog. */
export const watchDrain = ({ url, channel, rows }: Backlog, servers: readonly Product[]): Promise<Drain> =>
  inDatabase(url, async (database) => {
    const [first] = servers;
    const memory: MemorySample[] = [];
    const giveUp = performance.now() + LONGEST_MS;
    for (;;) {
      const left = await leftIn(database, channel);
      if (first) memory.push({ rowsDone: rows - left, bytes: await first.memoryBytes() });
      if (left === 0) break;
      if (performance.now() > giveUp) throw new Error(`${left} of ${rows} events still wait`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    const [noted] = await database.read<{ count: number; first: Date; last: Date }>(
      "SELECT COUNT(*) AS count, MIN(finished_at) AS first, MAX(finished_at) AS last FROM outbox WHERE channel = ? AND state = 'sent'",
      [channel],
    );
    if (noted?.count !== rows) throw new Error(`${noted?.count} of ${rows} events were delivered`);
    const seconds = (noted.last.getTime() - noted.first.getTime()) / 1000;
    const cpu = await Promise.all(servers.map((server) => server.cpuMicroseconds()));
    const spent = cpu.reduce((sum, each) => sum + each, 0);
    return { rows, rowsPerSecond: rows / seconds, cpuMicroseconds: spent / rows, memory };
  });

async function leftIn(database: Database, channel: string): Promise<number> {
  const [row] = await database.read<{ count: number }>(
    "SELECT COUNT(*) AS count FROM outbox WHERE state = 'waiting' AND channel = ?",
    [channel],
  );
  return row?.count ?? 0;
}

async function inDatabase<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase({ url, poolSize: 1, queryTimeoutMs: 60_000 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
