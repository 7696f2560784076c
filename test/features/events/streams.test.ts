import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Database, openDatabase } from "../../../src/database/database.js";
import { createEvents } from "../../../src/features/events/events.js";
import { cursorOf, placeIn } from "../../../src/features/events/rules.js";
import { createEventStore } from "../../../src/features/events/store.js";
import {
  createEventStreams,
  type StreamSettings,
  type Told,
  type Wanted,
} from "../../../src/features/events/streams.js";
import { secondsAfter, systemClock } from "../../../src/platform/clock.js";
import { silentLogger } from "../../../src/platform/logger.js";
import { uuid } from "../../../src/platform/random.js";
import { createVault } from "../../../src/platform/secrets.js";
import { describeEachDatabase, openMigrated } from "../../support/databases.js";
import { accountsIn } from "../../support/outboxes.js";

const DAY = 86_400;

describeEachDatabase("streams of events", (kind) => {
  const vault = createVault([{ id: "test", key: Buffer.alloc(32, 7) }]);
  let opened: Awaited<ReturnType<typeof openMigrated>>;
  let account = 0;
  let now = () => systemClock();
  const others: Database[] = [];
  beforeAll(async () => {
    opened = await openMigrated(kind);
    [account] = await accountsIn(opened.database);
  });
  afterAll(async () => {
    for (const other of others) await other.close();
    await opened.close();
  });

  const eventsOn = (database: Database) =>
    createEvents({
      database,
      store: createEventStore(database),
      vault,
      clock: () => now(),
      sinks: [],
      post: async () => {},
    });

  const streamsOn = (
    database: Database,
    settings: Partial<StreamSettings> = {},
    store = createEventStore(database),
  ) =>
    createEventStreams({
      database,
      store,
      vault,
      logger: silentLogger,
      settings: { most: 10, pollMs: 50, ...settings },
    });

  let number = 0;
  const happening = () => {
    number += 1;
    const payload = { uid: "ID1", email: `${number}@example.com` };
    return { name: "system.document.verified" as const, accountId: account, payload };
  };

  /** Records so many events, each in a transaction of its own; answers their addresses. */
  async function record(count: number, database = opened.database): Promise<unknown[]> {
    const made = Array.from({ length: count }, happening);
    for (const each of made) await database.transaction((tx) => eventsOn(database).record(each, tx));
    return made.map(({ payload }) => payload.email);
  }

  const wanted = (traits: Partial<Wanted> = {}): Wanted => ({
    cursor: undefined,
    start: "now",
    names: [],
    ...traits,
  });

  /** A reader that keeps all that it is told. */
  function aReader(
    streams: ReturnType<typeof createEventStreams>,
    traits: Partial<Wanted> = {},
    stands: () => Promise<void> = async () => {},
  ) {
    const told: Told[] = [];
    const leave = new AbortController();
    const reading = (async () => {
      for await (const each of streams.read(wanted(traits), { signal: leave.signal, stands }))
        told.push(each);
    })();
    reading.catch(() => undefined);
    return {
      told,
      emails: () => told.flatMap(({ event }) => (event ? [event.payload?.email] : [])),
      begun: () => expect.poll(() => told.length).toBeGreaterThan(0),
      ended: reading,
      async leave() {
        leave.abort();
        await reading;
        return told.at(-1)?.cursor;
      },
    };
  }

  test("two readers hear everything that happens from now on, in its order, and nothing from before", async () => {
    await record(3);
    const streams = streamsOn(opened.database);
    const readers = [aReader(streams), aReader(streams)];
    for (const reader of readers) await reader.begun();

    const emails = await record(250);

    for (const reader of readers) {
      await expect.poll(() => reader.emails().length, { timeout: 10_000 }).toBe(250);
      expect(reader.emails()).toEqual(emails);
      await reader.leave();
    }
  });

  test("whoever goes on with a cursor misses nothing and hears nothing twice", async () => {
    const streams = streamsOn(opened.database);
    const first = aReader(streams);
    await first.begun();
    const emails: unknown[] = await record(5);
    await expect.poll(() => first.emails().length).toBe(5);
    const cursor = await first.leave();
    emails.push(...(await record(7)));

    const second = aReader(streamsOn(opened.database), { cursor });
    await expect.poll(() => second.emails().length).toBe(7);
    emails.push(...(await record(2)));
    await expect.poll(() => second.emails().length).toBe(9);
    await second.leave();

    expect([...first.emails(), ...second.emails()]).toEqual(emails);
  });

  // SQLite has one transaction at a time.
  if (kind.name === "mysql")
    test("what commits later than what happened after it is told all the same", async () => {
      const other = await openDatabase({ url: opened.url, poolSize: 5, queryTimeoutMs: 10_000 });
      others.push(other);
      const reader = aReader(streamsOn(opened.database));
      await reader.begun();
      const late = happening();

      let quick: unknown[] = [];
      await other.transaction(async (tx) => {
        await eventsOn(other).record(late, tx);
        quick = await record(2);
        await expect.poll(() => reader.emails()).toEqual(quick);
      });

      await expect.poll(() => reader.emails()).toEqual([...quick, late.payload.email]);
      await reader.leave();
    });

  test("readers in several processes hear the same in the same order, while many transactions commit", async () => {
    const other = await openDatabase({ url: opened.url, poolSize: 5, queryTimeoutMs: 10_000 });
    others.push(other);
    const readers = [
      aReader(streamsOn(opened.database, { pollMs: 5 })),
      aReader(streamsOn(other, { pollMs: 7 })),
    ];
    for (const reader of readers) await reader.begun();

    const emails = (
      await Promise.all([opened.database, other, opened.database, other].map((each) => record(20, each)))
    ).flat();

    for (const reader of readers)
      await expect.poll(() => reader.emails().length, { timeout: 10_000 }).toBe(80);
    const [one, two] = readers.map((reader) => reader.emails());
    expect(one).toEqual(two);
    expect(new Set(one)).toEqual(new Set(emails));
    for (const reader of readers) await reader.leave();
  });

  test("a reader hears of the names alone that he asks for, and his cursor passes the others", async () => {
    const streams = streamsOn(opened.database, { heartbeatMs: 100 });
    const reader = aReader(streams, { names: ["model.*", "system.user.password.reset"] });
    await reader.begun();
    const begin = reader.told[0]?.cursor;

    await record(2);

    await expect.poll(() => reader.told.at(-1)?.cursor).not.toBe(begin);
    expect(reader.emails()).toEqual([]);
    const cursor = await reader.leave();
    const next = aReader(streamsOn(opened.database), { cursor });
    const [email] = await record(1);
    await expect.poll(() => next.emails()).toEqual([email]);
    await next.leave();
  });

  test("a stream without events is told to be alive, ends after its life, and with the server", async () => {
    const streams = streamsOn(opened.database, { heartbeatMs: 40, lifeMs: 500 });
    const reader = aReader(streams);
    await reader.ended;
    const longer = streamsOn(opened.database);
    const another = aReader(longer);
    await another.begun();

    longer.stop();
    await another.ended;

    expect(reader.told.length).toBeGreaterThan(4);
    expect(reader.told.length).toBeLessThan(15);
    await expect(aReader(longer).ended).rejects.toMatchObject({
      message: expect.stringMatching(/unavailable/),
    });
  });

  test("a reader who may not listen any more hears nothing from then on, of what had happened neither", async () => {
    const streams = streamsOn(opened.database, { standingMs: 50 });
    let fault: Error | undefined;
    const reader = aReader(streams, {}, async () => {
      if (fault) throw fault;
    });
    await reader.begun();
    const emails = await record(1);
    await expect.poll(() => reader.emails()).toEqual(emails);

    fault = new Error("banned");
    await expect(reader.ended).rejects.toThrow("banned");
    await record(1);

    expect(reader.emails()).toEqual(emails);
  });

  test("an event that cannot be opened any more is told without its payload, and those behind it with theirs", async () => {
    const reader = aReader(streamsOn(opened.database));
    await reader.begun();
    const foreign = createVault([{ id: "lost", key: Buffer.alloc(32, 8) }]);
    const store = createEventStore(opened.database);
    const row = { eventId: uuid(), name: "system.document.verified", userId: account, createdAt: now() };
    const payload = foreign.seal("{}", `event:${row.name}:${account}`);

    await opened.database.transaction((tx) => store.insert({ ...row, payload }, tx));
    const [email] = await record(1);

    await expect.poll(() => reader.emails()).toEqual([undefined, email]);
    expect(reader.told.some(({ event }) => event?.id === row.eventId && event.name === row.name)).toBe(true);
    await reader.leave();
  });

  test("no more streams than allowed are open at once", async () => {
    const streams = streamsOn(opened.database, { most: 1 });
    const first = aReader(streams);
    await first.begun();

    await expect(aReader(streams).ended).rejects.toThrow("too many streams");
    await first.leave();

    const next = aReader(streams);
    await next.begun();
    await next.leave();
  });

  /** Counts how often events are read. */
  function aCountingStore() {
    const store = createEventStore(opened.database);
    const seen = { readings: 0 };
    const behind: typeof store.behind = (position, most) => {
      seen.readings += 1;
      return store.behind(position, most);
    };
    return Object.assign(seen, { store: { ...store, behind } });
  }

  test("for a reader who does not read on, nothing more than a batch is read, and nothing is lost", async () => {
    const counted = aCountingStore();
    const stream = streamsOn(opened.database, {}, counted.store).read(wanted(), {
      signal: new AbortController().signal,
      stands: async () => {},
    });
    await stream.next();
    const emails = await record(250);
    const heard = [(await stream.next()).value?.event?.payload.email];
    await sleep(300);
    const meanwhile = counted.readings;

    while (heard.length < 250) heard.push((await stream.next()).value?.event?.payload.email);
    await stream.return(undefined);

    expect(meanwhile).toBe(1);
    expect(heard).toEqual(emails);
  });

  test("places of events that are gone leave no reader searching for them", async () => {
    const counted = aCountingStore();
    const reader = aReader(streamsOn(opened.database, {}, counted.store), { names: ["none"] });
    await reader.begun();
    await opened.database.transaction(async (tx) => {
      await eventsOn(opened.database).record(happening(), tx);
      await counted.store.place(10, tx);
      await opened.database.sequelize.query("DELETE FROM events", { transaction: tx.transaction });
    });
    await sleep(200);
    const before = counted.readings;

    await sleep(500);

    expect(counted.readings - before).toBeLessThan(2);
    await reader.leave();
  });

  test("a cursor of nobody is refused", async () => {
    const streams = streamsOn(opened.database);
    const refused = ["", "x", "djEuMQ==", Buffer.from("v1.99999999").toString("base64url")];

    for (const cursor of refused) {
      await expect(aReader(streams, { cursor }).ended).rejects.toThrow("The cursor is unknown");
    }
  });

  test("a cursor of another log, or from beyond the end of this one, is answered as one that is too old", async () => {
    const streams = streamsOn(opened.database);
    await record(2);
    const reader = aReader(streams);
    await reader.begun();
    const { epoch, position } = placeIn((await reader.leave()) ?? "") ?? { epoch: "", position: 0 };
    const restored = cursorOf({ epoch, position: position + 1 });
    const recreated = cursorOf({ epoch: uuid(), position });

    for (const cursor of [restored, recreated])
      await expect(aReader(streams, { cursor }).ended).rejects.toThrow("not kept any more");

    expect(epoch).toMatch(/^[0-9a-f-]{36}$/);
    expect(position).toBeGreaterThan(1);
    const other = await openMigrated(kind);
    const another = (await createEventStore(other.database).places()).epoch;
    await other.close();
    expect(another).toMatch(/^[0-9a-f-]{36}$/);
    expect(another).not.toBe(epoch);
  });

  test("a stream ends as one that is too old when the log gets another epoch meanwhile", async () => {
    const reader = aReader(streamsOn(opened.database));
    await reader.begun();

    await opened.database.write("UPDATE event_places SET epoch = ?", [uuid()]);

    await expect(reader.ended).rejects.toThrow("not kept any more");
    expect(reader.emails()).toEqual([]);
  });

  test("a log that goes back under its readers ends their streams, and new ones are told what happens from then on", async () => {
    const { database } = opened;
    const streams = streamsOn(database);
    const reader = aReader(streams);
    await reader.begun();
    const { given } = await createEventStore(database).places();
    await record(3);
    await expect.poll(() => reader.emails().length).toBe(3);

    await database.write("DELETE FROM events WHERE position > ?", [given]);
    await database.write("UPDATE event_places SET given = ?", [given]);
    await expect(reader.ended).rejects.toThrow("not kept any more");
    const next = aReader(streams);
    await next.begun();
    const since = await record(1);

    await expect.poll(() => next.emails()).toEqual(since);
  });

  test("a log whose name would make no cursor is told of nobody", async () => {
    const { epoch } = await createEventStore(opened.database).places();
    const rename = (name: string) => opened.database.write("UPDATE event_places SET epoch = ?", [name]);
    await rename("<a name>");

    await expect(aReader(streamsOn(opened.database)).ended).rejects.toThrow("event_places.epoch");

    await rename(epoch);
  });

  test("whoever was away for longer than events are kept is told so, whether or not others have read", async () => {
    const store = createEventStore(opened.database);
    const streams = streamsOn(opened.database);
    const reader = aReader(streams);
    await reader.begun();
    const cursor = await reader.leave();
    await record(2);
    now = () => secondsAfter(systemClock(), 8 * DAY);
    const [kept] = await record(1);
    const pruned = await eventsOn(opened.database).prune(1000);
    now = () => systemClock();

    expect(pruned).toBeGreaterThanOrEqual(2);
    await expect(aReader(streams, { cursor }).ended).rejects.toThrow("not kept any more");
    const oldest = aReader(streams, { start: "oldest" });
    await expect.poll(() => oldest.emails()).toEqual([kept]);
    const last = await oldest.leave();
    const next = aReader(streams, { cursor: last });
    await next.begun();
    await next.leave();
    expect(next.emails()).toEqual([]);
    expect(await store.hasUnplaced()).toBe(false);
  });

  test("without readers events get no places, and cost nothing but their row", async () => {
    const store = createEventStore(opened.database);
    const { given } = await store.places();

    await record(3);
    await sleep(200);

    expect(await store.places()).toMatchObject({ given });
    expect(await store.hasUnplaced()).toBe(true);
  });
});
