import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { describeEachDatabase } from "../../support/databases.js";
import { aReceiver, startOutboxes } from "../../support/outboxes.js";

const LEASE_SECONDS = 1;
const SETTINGS = { leaseSeconds: LEASE_SECONDS, deliverySeconds: LEASE_SECONDS / 2 };

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describeEachDatabase("a delivery that takes longer than its lease", (kind) => {
  const start = async () => {
    const house = await startOutboxes(kind);
    closing.push(house.close);
    /** As much on the clock as in the world, for the lease is renewed by a timer and lasts by the clock. */
    const pass = async (leases: number) => {
      for (let step = 0; step < leases * 20; step++) {
        await sleep(LEASE_SECONDS * 50);
        house.time.advance(LEASE_SECONDS / 20);
      }
    };
    return { ...house, pass };
  };

  test("stays with its worker, and is delivered once", async () => {
    const { post, outbox, rows, pass } = await start();
    const slow = aReceiver({ patienceSeconds: 60 });
    const release = slow.hangOn("s3cret");
    await post(outbox(slow, SETTINGS), {});
    await vi.waitFor(() => expect(slow.tried).toHaveLength(1));
    const other = aReceiver();
    outbox(other, SETTINGS);

    await pass(4);
    release();

    await vi.waitFor(async () => expect(await rows()).toMatchObject([{ state: "sent", attempts: 1 }]));
    expect(slow.tried).toHaveLength(1);
    expect(other.tried).toEqual([]);
  });

  test("is left to others soon after its worker is gone", async () => {
    const { post, outbox, pass } = await start();
    const gone = aReceiver({ patienceSeconds: 60 });
    const release = gone.hangOn("s3cret");
    const first = outbox(gone, { ...SETTINGS, stopSeconds: 0 });
    await post(first, {});
    await vi.waitFor(() => expect(gone.tried).toHaveLength(1));
    await pass(2);

    await first.stop();
    const other = aReceiver();
    outbox(other, SETTINGS);
    await pass(1.2);

    await vi.waitFor(() => expect(other.taken).toHaveLength(1));
    release();
    await first.settled();
  });

  test("stays with its worker while a stop waits for it", async () => {
    const { post, outbox, rows, pass } = await start();
    const slow = aReceiver({ patienceSeconds: 60 });
    const release = slow.hangOn("s3cret");
    const first = outbox(slow, { ...SETTINGS, stopSeconds: 30 });
    await post(first, {});
    await vi.waitFor(() => expect(slow.tried).toHaveLength(1));
    const other = aReceiver();
    outbox(other, SETTINGS);

    const stopping = first.stop();
    await pass(3);
    release();
    await stopping;

    expect(await rows()).toMatchObject([{ state: "sent", attempts: 1 }]);
    expect(other.tried).toEqual([]);
  });

  test("is not kept any more once it was refused, however long its last renewal takes", async () => {
    const { database, post, outbox, rows, pass } = await start();
    const slow = aReceiver({ patienceSeconds: 60 });
    const refuse = slow.hangOn("s3cret");
    await post(outbox(slow, SETTINGS), {});
    await vi.waitFor(() => expect(slow.tried).toHaveLength(1));
    const write = database.write.bind(database);
    let renewals = 0;
    const writing = vi.spyOn(database, "write").mockImplementation(async (sql, values) => {
      if (!sql.startsWith("UPDATE outbox SET leased_until")) return write(sql, values);
      renewals += 1;
      await sleep(500);
      return write(sql, values);
    });
    onTestFinished(() => writing.mockRestore());

    await pass(0.5);
    refuse(new Error("no"));
    await vi.waitFor(async () => expect(await rows()).toMatchObject([{ leased_until: null, attempts: 1 }]));
    await sleep(700);

    expect(renewals).toBeGreaterThan(0);
    expect(await rows()).toMatchObject([{ state: "waiting", attempts: 1, leased_until: null }]);
  });

  test("ends with the patience of its courier, and is tried again", async () => {
    const { post, outbox, rows, pass } = await start();
    const slow = aReceiver({ patienceSeconds: 1.5 * LEASE_SECONDS });
    const release = slow.hangOn("s3cret");
    await post(outbox(slow, SETTINGS), {});

    await pass(2);

    await vi.waitFor(async () =>
      expect(await rows()).toMatchObject([
        { state: "waiting", attempts: 1, leased_until: null, last_error: "it took too long" },
      ]),
    );
    release();
  });

  test("leaves to others what was taken along with it", async () => {
    const { post, outbox, rows, pass } = await start();
    const slow = aReceiver({ lanes: 1, batch: 5, patienceSeconds: 60 });
    const release = slow.hangOn("slow");
    const writer = outbox(undefined);
    for (const word of ["slow", "next", "last"]) await post(writer, { accountId: null, payload: { word } });
    outbox(slow, SETTINGS);
    await vi.waitFor(() => expect(slow.tried).toHaveLength(1));
    const other = aReceiver();
    outbox(other, SETTINGS);
    expect((await rows()).map(({ attempts }) => attempts)).toEqual([1, 1, 1]);

    await pass(0.5);

    await vi.waitFor(() => expect(other.words()).toEqual(["next", "last"]));
    await vi.waitFor(async () => expect((await rows()).map(({ attempts }) => attempts)).toEqual([1, 1, 1]));
    release();
  });
});
