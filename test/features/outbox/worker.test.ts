import { expect, onTestFinished, test, vi } from "vitest";
import type { Database, Tx } from "../../../src/database/database.js";
import type { Claim, OutboxItem, Queue, WaitingItem } from "../../../src/features/outbox/queue.js";
import { type Carrier, OutboxWorker } from "../../../src/features/outbox/worker.js";
import { systemClock } from "../../../src/platform/clock.js";
import { silentLogger } from "../../../src/platform/logger.js";

const LONG_AGO = new Date("2026-11-22T12:00:00Z");

/** A table in memory, one worker on it, and a courier that delivers when told; no poll helps them. */
function aWorker() {
  const waiting: WaitingItem[] = [];
  const remove = (claims: readonly Claim[]) => {
    for (const { id } of claims) waiting.splice(waiting.findIndex((item) => item.id === id) >>> 0, 1);
  };
  let seen = async (): Promise<void> => {};
  const queue: Queue = {
    async due(_channel, _now, after, most) {
      const isBehind = ({ availableAt, id }: WaitingItem) =>
        !after || availableAt > after.availableAt || (+availableAt === +after.availableAt && id > after.id);
      const isFirst = (item: WaitingItem) =>
        !waiting.some(({ id, userId }) => userId === item.userId && id < item.id);
      const rows = waiting.filter(isBehind).slice(0, most);
      const answer = rows.map((item) => ({ ...item, isHead: item.leasedUntil === null && isFirst(item) }));
      await seen();
      return answer;
    },
    lock: async (ids) => waiting.filter(({ id }) => ids.includes(id)),
    followers: async () => [],
    async lease(ids, { until }) {
      for (const [at, item] of waiting.entries())
        if (ids.includes(item.id)) waiting[at] = { ...item, leasedUntil: until };
      return true;
    },
    renew: async () => {},
    async markSent(claims) {
      remove(claims);
      return [];
    },
    release: async () => {},
    postpone: async () => {},
    finish: async () => true,
  };
  const deliveries = new Map<number, () => void>();
  const carrier: Carrier = {
    channel: "test",
    lanes: 2,
    batch: 5,
    heldBackUntil: async () => undefined,
    carry: ({ id }: OutboxItem) => new Promise((resolve) => deliveries.set(id, resolve)),
  };
  const database = { transaction: (work: (tx: Tx) => unknown) => work({} as Tx) } as unknown as Database;
  const settings = { pollSeconds: 3600, leaseSeconds: 120, deliverySeconds: 60, stopSeconds: 0 };
  const worker = new OutboxWorker({
    ...{ database, queue, carrier, settings },
    ...{ clock: systemClock, logger: silentLogger },
  });
  worker.start();
  onTestFinished(() => worker.stop());
  return {
    deliveries,
    post(id: number, userId: number): void {
      const item = { id, userId, channel: "test", topic: "greeting", messageId: String(id), payload: "" };
      const rest = { recipient: null, attempts: 0, expiresAt: null, leasedUntil: null };
      waiting.push({ ...item, ...rest, createdAt: LONG_AGO, availableAt: systemClock() });
      worker.kick();
    },
    /** Holds up whoever has looked, until the answer is called. */
    holdSearch(): () => void {
      let release = (): void => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      seen = () => held;
      return () => {
        seen = async () => {};
        release();
      };
    },
  };
}

test("what waited behind a delivery that ends during a search does not wait for the next poll", async () => {
  const { post, deliveries, holdSearch } = aWorker();
  post(1, 7);
  await vi.waitFor(() => expect([...deliveries.keys()]).toEqual([1]));

  const release = holdSearch();
  post(2, 7);
  await new Promise((resolve) => setTimeout(resolve, 20));
  deliveries.get(1)?.();
  await new Promise((resolve) => setTimeout(resolve, 20));
  release();

  await vi.waitFor(() => expect([...deliveries.keys()]).toEqual([1, 2]));
  deliveries.get(2)?.();
});
