import type { Database } from "../../database/database.js";
import { indexChooser } from "./chosen-index.js";

export interface Abandoned {
  /** Those that somebody delivers on. */
  readonly channels: readonly string[];
  /** Due before this. */
  readonly since: Date;
  readonly most: number;
  readonly now: Date;
}

/** Gives up what waits for channels on which nobody delivers. */
export function createAbandoned(database: Database) {
  const index = indexChooser(database)("outbox_channel_due");

  /** The channels on which anything waits: as many looks into the index as there are, however much waits. */
  async function channelsWaiting(): Promise<string[]> {
    const found: string[] = [];
    const sql = `SELECT MIN(channel) AS channel FROM outbox ${index} WHERE state = 'waiting' AND channel > ?`;
    for (;;) {
      const [row] = await database.read<{ channel: string | null }>(sql, [found.at(-1) ?? ""]);
      if (!row || row.channel === null) return found;
      found.push(row.channel);
    }
  }

  return {
    /** Answers how many. */
    async giveUpOthers({ channels, since, most, now }: Abandoned): Promise<number> {
      const others = (await channelsWaiting()).filter((channel) => !channels.includes(channel));
      if (others.length === 0) return 0;
      const rows = await database.read<{ id: number }>(
        `SELECT id FROM outbox ${index} WHERE state = 'waiting' AND channel IN (${others.map(() => "?")}) ` +
          `AND available_at < ? AND ${FREE} LIMIT ?`,
        [...others, since, now, most],
      );
      if (rows.length === 0) return 0;
      return database.write(
        "UPDATE outbox SET state = 'dead', last_error = 'nobody delivers on this channel', leased_until = NULL, finished_at = ? " +
          `WHERE id IN (${rows.map(({ id }) => Number(id))}) AND +state = 'waiting' AND ${FREE}`,
        [now, now],
      );
    },
  };
}

const FREE = "(leased_until IS NULL OR leased_until <= ?)";
