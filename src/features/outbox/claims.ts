import type { Database } from "../../database/database.js";
import type { OutboxItem, Queue, WaitingItem } from "./queue.js";

/** Items of one account to one recipient on one channel, in their order; of no account, a single one. */
export interface Line {
  readonly items: readonly OutboxItem[];
  /** The one behind them, where that is known. */
  readonly next?: number | undefined;
}

export interface Wanted {
  /** Those that were the first of their lines when somebody looked. */
  readonly candidates: readonly number[];
  /** Items at most, in all lines. */
  readonly most: number;
  readonly now: Date;
  readonly until: Date;
}

export interface Claimed {
  /** Items with the attempt counted that is to come. */
  readonly lines: readonly Line[];
  /** Whether it is unknown what waits behind them. */
  readonly mayHaveMore: boolean;
}

/**
 * Takes what is due, until a moment. Only the first item of a line can be taken, and those behind it together with it: so nobody
 * else delivers of a line meanwhile, and the order holds whoever delivers.
 */
export async function claimLines(database: Database, queue: Queue, wanted: Wanted): Promise<Claimed> {
  try {
    return await claim(database, queue, wanted);
  } catch (fault) {
    if (fault instanceof Overtaken) return { lines: [], mayHaveMore: true };
    throw fault;
  }
}

/** Something behind a first item was taken by whoever saw another first item: one that staff resent, or that was committed late. */
class Overtaken extends Error {}

const claim = (
  database: Database,
  queue: Queue,
  { candidates, most, now, until }: Wanted,
): Promise<Claimed> =>
  database.transaction(async (tx) => {
    const isFree = ({ availableAt, leasedUntil }: WaitingItem): boolean =>
      availableAt <= now && (leasedUntil === null || leasedUntil <= now);
    const heads = (await queue.lock(candidates, tx)).filter(isFree);
    if (heads.length === 0) return { lines: [], mayHaveMore: false };
    const owned = heads.filter(({ userId }) => userId !== null).length;
    const each = Math.floor((most - heads.length) / Math.max(owned, 1));
    // One more, which is not taken, to know which comes next.
    const behind = each > 0 ? await queue.followers(heads, each + 1, tx) : [];
    const lines = heads.map((head) => lineOf(head, behind, { each, isFree }));
    const ids = lines.flatMap(({ items }) => items.map(({ id }) => id));
    if (!(await queue.lease(ids, { now, until }, tx))) throw new Overtaken();
    return { lines, mayHaveMore: each === 0 && owned > 0 };
  });

interface Rule {
  readonly each: number;
  isFree(item: WaitingItem): boolean;
}

/** Up to the first that has to wait. */
function lineOf(head: WaitingItem, behind: readonly WaitingItem[], { each, isFree }: Rule): Line {
  if (head.userId === null) return { items: [counted(head)] };
  const own = behind.filter(
    ({ userId, recipient }) => userId === head.userId && recipient === head.recipient,
  );
  const stop = own.findIndex((item, at) => at === each || !isFree(item));
  const taken = stop === -1 ? own : own.slice(0, stop);
  return { items: [head, ...taken].map(counted), next: own[taken.length]?.id };
}

const counted = (item: OutboxItem): OutboxItem => ({ ...item, attempts: item.attempts + 1 });
