import { Writable } from "node:stream";
import { pino } from "pino";
import { QueryTypes } from "sequelize";
import type { Database } from "../../src/database/database.js";
import type { Logger } from "../../src/platform/logger.js";

/** A logger that keeps every line, at every level and with nothing hidden: what must not be logged must not get here. */
export function recordingLogger(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { logger: pino({ level: "debug", base: null }, sink), lines };
}

const TABLES = ["users", "labels", "one_time_tokens", "sessions", "activities", "outbox"];

/** How many rows there are of everything that calls create. (Counters of attempts may grow with any call.) */
export async function storedRows({ sequelize }: Database): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of TABLES) {
    const [row] = await sequelize.query<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`, {
      type: QueryTypes.SELECT,
    });
    counts[table] = row?.n ?? 0;
  }
  return counts;
}
