import type { Database } from "../../database/database.js";
import type { Follower, OutboxItem, OutboxStore } from "./store.js";

/** Items of one account on one channel, in their order; of no account, a single one. */
export type Line = readonly OutboxItem[];

export interface Wanted {
  readonly channel: string;
  /** Items at most, in all lines. */
  readonly most: number;
  readonly now: Date;
  readonly until: Date;
}

/**
 * Takes what is due, until a moment. Only the first item of an account can be taken, and those behind it together with it: so nobody
 * else delivers for an account meanwhile, and the order holds whoever delivers. Answers the items as they were, attempts not yet
 * counted up; `found` tells whether there was anything, even if others were quicker.
 */
export async function claimLines(
  database: Database,
  store: OutboxStore,
  { channel, most, now, until }: Wanted,
): Promise<{ readonly lines: Line[]; readonly found: boolean }> {
  const candidates = await store.heads(channel, now, most);
  if (candidates.length === 0) return { lines: [], found: false };
  const claimed = await database.transaction(async (tx) => {
    const heads = await store.lockFree(candidates, now, tx);
    if (heads.length === 0) return [];
    const followers = await store.followers(heads, now, most - heads.length, tx);
    const taken = heads.map((head) => lineOf(head, followers));
    await store.lease(
      taken.flat().map(({ id }) => id),
      until,
      tx,
    );
    return taken;
  });
  return { lines: claimed, found: true };
}

/** Up to the first that has to wait. */
function lineOf(head: OutboxItem, followers: readonly Follower[]): Line {
  if (head.userId === null) return [head];
  const own = followers.filter(({ userId }) => Number(userId) === Number(head.userId));
  const stop = own.findIndex(({ isFree, id }) => !isFree || id < head.id);
  return [head, ...(stop === -1 ? own : own.slice(0, stop))];
}
