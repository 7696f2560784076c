import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Database } from "../../../src/database/database.js";
import type { Value } from "../../../src/database/direct.js";
import type { OutboxIndex } from "../../../src/features/outbox/chosen-index.js";
import {
  createOutboxStore,
  type OutboxFilter,
  type ParcelState,
} from "../../../src/features/outbox/store.js";
import { describeEachDatabase } from "../../support/databases.js";
import { startOutboxes } from "../../support/outboxes.js";

const STATES: readonly ParcelState[] = ["waiting", "sent", "dead", "dropped"];
const CHANNELS = ["mail", "sms", "webhook:crm"];
const TOPICS = ["code", "notice"];
const NOW = new Date("2026-11-22T12:00:00Z");
const LONG_AGO = new Date("2026-11-01T12:00:00Z");
const LATER = new Date("2026-11-22T12:02:00Z");

describeEachDatabase("what is asked of a large outbox", (kind) => {
  let house: Awaited<ReturnType<typeof startOutboxes>>;
  let store: ReturnType<typeof createOutboxStore>;
  /** On a connection of its own, for what is explained is not to be run. */
  let other: Database;
  const rows: Required<OutboxFilter>[] = [];

  beforeAll(async () => {
    house = await startOutboxes(kind);
    store = createOutboxStore(house.database);
    other = await house.another();
    for (let at = 0; at < 120; at += 1) {
      const [state, channel, topic] = [STATES[at % 4], CHANNELS[at % 3], TOPICS[at % 2]];
      rows.push({ state, channel, topic, userId: house.accounts[at % 5 === 0 ? 0 : 1] });
    }
    const common = {
      ...{ message_id: "-", recipient: "r", payload: "sealed", attempts: 0, available_at: LONG_AGO },
      created_at: LONG_AGO,
    };
    const filled = rows.map(({ userId, ...row }) => ({
      ...common,
      ...row,
      user_id: userId,
      finished_at: row.state === "waiting" ? null : NOW,
    }));
    await house.database.sequelize.getQueryInterface().bulkInsert("outbox", filled);
  });
  afterAll(() => house.close());

  /** What a piece of work asks, beside rows by their ids, with how it is answered. */
  async function plansOf(work: () => Promise<unknown>): Promise<string[]> {
    const read = vi.spyOn(house.database, "read");
    const query = vi.spyOn(house.database.sequelize, "query");
    await work();
    const asked = [
      ...read.mock.calls.map(([sql, values]) => ({ sql, values: [...values] })),
      ...query.mock.calls.flatMap(([sql, options]) =>
        typeof sql === "string" && options && "bind" in options && Array.isArray(options.bind)
          ? [{ sql: sql.replace(/\$\d/g, "?"), values: options.bind as Value[] }]
          : [],
      ),
    ];
    read.mockRestore();
    query.mockRestore();
    const explain = kind.name === "mysql" ? "EXPLAIN" : "EXPLAIN QUERY PLAN";
    const plans = asked.map(async ({ sql, values }) => {
      const steps = await other.read<Record<string, unknown>>(`${explain} ${sql}`, values);
      return steps.map(({ key, Extra, detail }) => detail ?? `${key}: ${Extra}`).join();
    });
    return Promise.all(plans);
  }

  const by = (index: OutboxIndex) => expect.stringContaining(index);
  const alone = (index: OutboxIndex) =>
    expect.stringMatching(
      kind.name === "mysql" ? `^${index}: .*Using index(;|$)` : `COVERING INDEX ${index} `,
    );

  const idsOf = (filter: OutboxFilter) =>
    rows.flatMap((row, at) =>
      Object.entries(filter).every(([name, value]) => row[name as keyof OutboxFilter] === value) ? [at] : [],
    );

  const FILTERS: readonly [OutboxFilter, OutboxIndex][] = [
    [{ state: "dead" }, "outbox_channel_due"],
    [{ channel: "mail" }, "outbox_channel_due"],
    [{ topic: "code" }, "outbox_channel_due"],
    [{ state: "sent", channel: "sms", topic: "notice" }, "outbox_channel_due"],
    [{ userId: 0 }, "outbox_line"],
    [{ userId: 0, state: "dead", channel: "mail" }, "outbox_line"],
  ];

  test.each(FILTERS)(
    "the list %j is found by an index alone, far from its beginning too",
    async (given, index) => {
      const filter = given.userId === undefined ? given : { ...given, userId: house.accounts[0] };
      const wanted = idsOf(filter);

      const plans = await plansOf(async () => {
        expect(await store.count(filter)).toBe(wanted.length);
        const pages = [0, 3].map((offset) => store.page(filter, { offset, limit: 3 }));
        const [first = [], second = []] = await Promise.all(pages);
        const found = [...first, ...second];
        expect(found.map(({ id }) => Number(id) - 1)).toEqual(wanted.toReversed().slice(0, 6));
        expect(found.every((row) => !("payload" in row))).toBe(true);
      });

      expect(wanted.length).toBeGreaterThan(0);
      expect(plans).toEqual([alone(index), alone(index), alone(index)]);
    },
  );

  test("the list of an account's parcels on a topic reads no other rows, and the whole list no more than its page", async () => {
    const [userId] = house.accounts;
    const mine = { userId, topic: "code" };
    const [total, page] = [await store.count(mine), await store.page(mine, { offset: 0, limit: 100 })];
    const plans = await plansOf(() => store.page(mine, { offset: 0, limit: 100 }));
    const [newest] = await store.page({}, { offset: 0, limit: 1 });

    expect(page.map(({ id }) => Number(id) - 1)).toEqual(idsOf(mine).toReversed());
    expect(total).toBe(page.length);
    expect(plans).toEqual([by("outbox_line")]);
    expect([await store.count({}), Number(newest?.id)]).toEqual([120, 120]);
    expect(await store.page({ state: "dead" }, { offset: 1000, limit: 5 })).toEqual([]);
  });

  test("what is superseded is found among its account's, and how much somebody got among his own", async () => {
    const whose = { channel: "mail", topic: "code", userId: house.accounts[0], recipient: "other" };
    const untouched = await plansOf(() => house.database.transaction((tx) => store.drop(whose, NOW, tx)));
    const counted = await plansOf(async () => {
      expect(await store.sentTo("r", "sms", LONG_AGO, 3)).toEqual([NOW, NOW, NOW]);
      expect(await store.sentTo("r", "sms", NOW, 3)).toEqual([]);
    });

    expect(untouched).toEqual([by("outbox_line")]);
    expect(counted).toEqual([by("outbox_recipient"), by("outbox_recipient")]);
  });

  test("what waits on channels of nobody is found without a look at what waits on others", async () => {
    const all = { since: NOW, most: 1000, now: NOW };
    const some = await plansOf(() => store.giveUpOthers({ ...all, channels: ["mail", "sms"], most: 4 }));
    const dead = await store.count({ state: "dead", channel: "webhook:crm" });
    const none = await plansOf(() => store.giveUpOthers({ ...all, channels: CHANNELS }));
    await store.giveUpOthers({ ...all, channels: CHANNELS.slice(1), since: LONG_AGO });

    const waiting = CHANNELS.map((channel) => store.count({ state: "waiting", channel }));
    expect(await Promise.all(waiting)).toEqual([10, 10, 6]);
    expect(dead).toBe(14);
    const looks =
      kind.name === "mysql"
        ? expect.stringMatching(/optimized away|No matching min/)
        : by("outbox_channel_due");
    expect(none).toEqual([looks, looks, looks, looks]);
    expect(some.slice(4)).toEqual([by("outbox_channel_due")]);
  });

  test("as much is deleted as is wanted of what ended before a moment, and nothing of what ended since", async () => {
    const before = await store.count({ state: "dropped" });

    const deleted = [
      await store.deleteFinished("dropped", NOW, 5),
      await store.deleteFinished("dropped", LATER, 5),
    ];

    expect(deleted).toEqual([0, 5]);
    expect(await store.count({ state: "dropped" })).toBe(before - 5);
  });
});
