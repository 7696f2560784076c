import { expect, test } from "vitest";
import type { Place, Seen } from "../../../src/features/outbox/queue.js";
import { Search } from "../../../src/features/outbox/search.js";

const NOW = new Date("2026-11-22T12:00:00Z");
const secondsAgo = (seconds: number) => new Date(NOW.getTime() - seconds * 1000);

/** A table in which the named rows are free and all others wait behind them, each a second older than the next. */
function aTable({ rows, free }: { rows: number; free: readonly number[] }) {
  const table = Array.from({ length: rows }, (_, at): Seen => {
    const id = at + 1;
    return { id, availableAt: secondsAgo(rows - at), isHead: free.includes(id) };
  });
  const counted = { read: 0 };
  return {
    table,
    counted,
    async due(_channel: string, _now: Date, after: Place | undefined, most: number): Promise<Seen[]> {
      const isBehind = ({ availableAt, id }: Seen) =>
        after === undefined ||
        availableAt > after.availableAt ||
        (availableAt.getTime() === after.availableAt.getTime() && id > after.id);
      const page = table.filter(isBehind).slice(0, most);
      counted.read += page.length;
      return page;
    },
    take(ids: readonly number[]) {
      for (const id of ids) {
        const at = table.findIndex((row) => row.id === id);
        if (at !== -1) table.splice(at, 1);
      }
    },
  };
}

test("goes on where it stopped, and reads a backlog once", async () => {
  const queue = aTable({ rows: 5000, free: [1, 2, 4000, 4001, 4002] });
  const search = new Search(queue, "test");

  const found: number[] = [];
  for (let ids = await search.candidates(NOW, 2); ids.length > 0; ids = await search.candidates(NOW, 2)) {
    queue.take(ids);
    found.push(...ids);
  }

  expect(found).toEqual([1, 2, 4000, 4001, 4002]);
  expect(queue.counted.read).toBeLessThan(7500);
});

test("looks at what is new, and not again at what waits behind others, until it begins anew", async () => {
  const queue = aTable({ rows: 5000, free: [] });
  const search = new Search(queue, "test");
  expect(await search.candidates(NOW, 2)).toEqual([]);
  queue.counted.read = 0;

  queue.table.push({ id: 5001, availableAt: NOW, isHead: true });
  const [waiting = { id: 0, availableAt: NOW, isHead: false }] = queue.table.splice(0, 1);
  queue.table.unshift({ ...waiting, isHead: true });

  const found = await search.candidates(NOW, 2);
  expect(found).toEqual([5001]);
  expect(queue.counted.read).toBeLessThan(20);
  queue.take(found);
  search.beginAnew();
  expect(await search.candidates(NOW, 2)).toEqual([1]);
});

test("begins anew by itself where more may wait behind what was taken, once", async () => {
  const queue = aTable({ rows: 40, free: [1] });
  const search = new Search(queue, "test");
  queue.take(await search.candidates(NOW, 1));
  search.expectMore();
  const [second = { id: 0, availableAt: NOW, isHead: false }] = queue.table.splice(0, 1);
  queue.table.unshift({ ...second, isHead: true });

  expect(await search.candidates(NOW, 5)).toEqual([2]);
  queue.take([2]);
  expect(await search.candidates(NOW, 5)).toEqual([]);
});

test("names those first whose turn is known to have come, each once", async () => {
  const queue = aTable({ rows: 3, free: [1, 3] });
  const search = new Search(queue, "test");

  search.expect(3);

  expect(await search.candidates(NOW, 5)).toEqual([3, 1]);
});
