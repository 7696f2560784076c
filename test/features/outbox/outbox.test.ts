import { afterEach, expect, test, vi } from "vitest";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { MOST_ATTEMPTS } from "../../../src/features/outbox/rules.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { ChannelDown, DeliveryRefused } from "../../../src/ports/delivery.js";
import { describeEachDatabase } from "../../support/databases.js";
import { aReceiver, startOutboxes } from "../../support/outboxes.js";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describeEachDatabase("the outbox", (kind) => {
  const start = async () => {
    const house = await startOutboxes(kind);
    closing.push(house.close);
    return house;
  };

  test("a parcel leaves after the commit, once, and nothing of what was in it stays behind", async () => {
    const { post, outbox, rows } = await start();
    const receiver = aReceiver();
    const open = outbox(receiver);

    await post(open, {}, async () => {
      await pause(150);
      expect(receiver.taken).toEqual([]);
    });

    await vi.waitFor(async () =>
      expect(await rows()).toMatchObject([{ state: "sent", payload: "", last_error: null }]),
    );
    expect(receiver.taken).toMatchObject([{ topic: "greeting", payload: { word: "s3cret" }, attempts: 1 }]);
  });

  test("a parcel of a transaction that is rolled back never leaves", async () => {
    const { post, outbox, rows } = await start();
    const receiver = aReceiver();
    const open = outbox(receiver);

    const posted = post(open, {}, async () => {
      throw new Error("rolled back");
    });

    await expect(posted).rejects.toThrow("rolled back");
    await pause(150);
    expect(receiver.taken).toEqual([]);
    expect(await rows()).toEqual([]);
  });

  test("a commit wakes the worker; nobody waits for the next poll", async () => {
    const { post, outbox } = await start();
    const receiver = aReceiver();
    const open = outbox(receiver, { pollSeconds: 3600 });
    await pause(50);

    for (let parcel = 0; parcel < 10; parcel++) await post(open, { accountId: null });

    await vi.waitFor(() => expect(receiver.taken).toHaveLength(10));
  });

  test("what waits is unreadable without the key, and so is to whom it goes", async () => {
    const { post, outbox, rows } = await start();
    const open = outbox(undefined);

    await post(open, { recipient: "dana@example.com" });

    const [row] = await rows();
    expect(row).toMatchObject({ channel: "test", topic: "greeting", state: "waiting", attempts: 0 });
    expect(JSON.stringify(row)).not.toMatch(/s3cret|dana/);
  });

  test("parcels of an account leave in their order, those of others do not wait for them", async () => {
    const { post, outbox, accounts } = await start();
    const [dana, eve] = accounts;
    const receiver = aReceiver({ lanes: 8 });
    const release = receiver.hangOn("dana 0");
    const open = outbox(receiver);

    for (let number = 0; number < 5; number++) {
      await post(open, { accountId: dana, payload: { word: `dana ${number}` } });
      await post(open, { accountId: eve, payload: { word: `eve ${number}` } });
    }

    await vi.waitFor(() => expect(receiver.words()).toEqual(["eve 0", "eve 1", "eve 2", "eve 3", "eve 4"]));
    release();
    await vi.waitFor(() => expect(receiver.taken).toHaveLength(10));
    expect(receiver.words().filter((word) => word.startsWith("dana"))).toEqual(
      [0, 1, 2, 3, 4].map((number) => `dana ${number}`),
    );
  });

  test("an account's later parcels wait while an earlier one is tried again", async () => {
    const { post, outbox, rows, time } = await start();
    const receiver = aReceiver();
    receiver.refuse("first", new DeliveryRefused("not now", { permanent: false }));
    const open = outbox(receiver);
    for (const word of ["first", "second", "third"]) await post(open, { payload: { word } });
    await vi.waitFor(async () =>
      expect((await rows())[0]).toMatchObject({ attempts: 1, leased_until: null }),
    );
    await pause(200);
    expect(receiver.taken).toEqual([]);

    receiver.refuse("first", undefined);
    time.advance(60);

    await vi.waitFor(() => expect(receiver.words()).toEqual(["first", "second", "third"]));
  });

  test("workers of several processes share the work, send each parcel once and keep the order of accounts", async () => {
    const { post, outbox, rows, another, accounts } = await start();
    const writer = outbox(undefined);
    const perAccount = 15;
    for (let number = 0; number < perAccount; number++)
      for (const accountId of accounts)
        await post(writer, { accountId, payload: { word: `${accountId} ${number}` } });
    const second = await another();
    // With fewer lanes than there are accounts neither can take all of them.
    const [one, two] = [aReceiver({ lanes: 2, takesMs: 5 }), aReceiver({ lanes: 2, takesMs: 5 })];
    const log: string[] = [];
    for (const receiver of [one, two]) receiver.onTaken((word) => log.push(word));

    outbox(one);
    outbox(two, {}, second);

    await vi.waitFor(
      async () => expect((await rows()).every(({ state }) => state === "sent")).toBe(true),
      15_000,
    );
    expect(log).toHaveLength(perAccount * accounts.length);
    for (const accountId of accounts)
      expect(log.filter((word) => word.startsWith(`${accountId} `))).toEqual(
        Array.from({ length: perAccount }, (_, number) => `${accountId} ${number}`),
      );
    if (kind.name === "mysql") expect(Math.min(one.taken.length, two.taken.length)).toBeGreaterThan(0);
  });

  test("what a killed worker had claimed is sent by another one under its name, after the lease and not before", async () => {
    const { post, outbox, time } = await start();
    const killed = aReceiver({ lanes: 1 });
    const release = killed.hangOn("s3cret");
    await post(outbox(killed), {});
    await vi.waitFor(() => expect(killed.tried).toHaveLength(1));
    const survivor = aReceiver();
    outbox(survivor);

    time.advance(110);
    await pause(200);
    expect(survivor.tried).toEqual([]);
    time.advance(11);

    await vi.waitFor(() => expect(survivor.taken).toHaveLength(1));
    expect(survivor.taken[0]?.messageId).toBe(killed.tried[0]?.messageId);
    release();
  });

  test("a worker that comes back after its lease leaves the parcel to the one that has it now", async () => {
    const { post, outbox, rows, time } = await start();
    const late = aReceiver({ lanes: 1 });
    const releaseLate = late.hangOn("s3cret");
    await post(outbox(late), {});
    await vi.waitFor(() => expect(late.tried).toHaveLength(1));
    time.advance(121);
    const current = aReceiver();
    const releaseCurrent = current.hangOn("s3cret");
    outbox(current);
    await vi.waitFor(() => expect(current.tried).toHaveLength(1));

    releaseLate(new DeliveryRefused("too late", { permanent: true }));
    await pause(100);

    expect(await rows()).toMatchObject([{ state: "waiting", attempts: 2 }]);
    releaseCurrent();
    await vi.waitFor(async () => expect(await rows()).toMatchObject([{ state: "sent" }]));
  });

  test("a channel on which nobody is there loses nothing, uses no attempt up and is not asked in vain", async () => {
    const { post, outbox, rows, time, logged } = await start();
    const receiver = aReceiver();
    receiver.isDown(new ChannelDown("nobody is there"));
    const open = outbox(receiver);

    for (let parcel = 0; parcel < 12; parcel++) await post(open, { accountId: null });
    await vi.waitFor(() => expect(logged).toMatchObject([{ level: "warn" }]));
    await pause(300);
    expect(receiver.tried.length).toBeLessThan(6);
    expect((await rows()).every(({ attempts, state }) => attempts === 0 && state === "waiting")).toBe(true);
    receiver.isDown(undefined);
    time.advance(60);

    await vi.waitFor(() => expect(receiver.taken).toHaveLength(12), 8000);
    expect(new Set(receiver.taken.map(({ messageId }) => messageId)).size).toBe(12);
  });

  test("a parcel after which nobody answers any more does not keep others from leaving", async () => {
    const { post, outbox, time } = await start();
    const receiver = aReceiver();
    receiver.refuse("poison", new ChannelDown("the connection is gone"));
    const open = outbox(receiver);
    await post(open, { accountId: null, payload: { word: "poison" } });
    await vi.waitFor(() => expect(receiver.tried.length).toBeGreaterThan(0));

    for (let parcel = 0; parcel < 3; parcel++) await post(open, { accountId: null });
    time.advance(5);

    await vi.waitFor(() => expect(receiver.taken).toHaveLength(3), 8000);
  });

  test("a parcel that is refused for good is kept for the operator, not repeated, and logged without its secrets", async () => {
    const { post, outbox, rows, time, logged } = await start();
    const receiver = aReceiver();
    receiver.refuse("s3cret", new DeliveryRefused("it has no such box", { permanent: true }));
    const open = outbox(receiver);

    await post(open, {});
    await post(open, { payload: { word: "next" } });
    await vi.waitFor(async () =>
      expect(await rows()).toMatchObject([
        { state: "dead", attempts: 1, last_error: "it has no such box", leased_until: null },
        { state: "sent" },
      ]),
    );
    time.advance(3600);
    await pause(150);

    expect(receiver.tried).toHaveLength(2);
    expect(logged).toMatchObject([{ level: "error", details: { topic: "greeting", attempts: 1 } }]);
    expect(JSON.stringify(logged)).not.toMatch(/s3cret/);
  });

  test("a parcel that fails again and again is given up after its last attempt", async () => {
    const { post, outbox, rows, time, logged } = await start();
    const receiver = aReceiver();
    receiver.refuse("s3cret", new Error("s3cret cannot be sent"));
    const open = outbox(receiver);

    await post(open, {});
    for (let attempt = 1; attempt < MOST_ATTEMPTS; attempt++) {
      await vi.waitFor(async () =>
        expect(await rows()).toMatchObject([{ attempts: attempt, leased_until: null }]),
      );
      time.advance(1200);
      open.kick();
    }

    await vi.waitFor(async () =>
      expect(await rows()).toMatchObject([{ state: "dead", attempts: MOST_ATTEMPTS }]),
    );
    expect(JSON.stringify([logged, await rows()])).not.toMatch(/s3cret/);
  });

  test("what has expired is dropped, and what supersedes takes the place of what waits", async () => {
    const { post, outbox, rows, time } = await start();
    const writer = outbox(undefined);
    const expiresAt = new Date(time.clock().getTime() + 60_000);
    await post(writer, { topic: "code", supersedes: true, payload: { word: "older" } });
    await post(writer, { topic: "code", supersedes: true, payload: { word: "newer" } });
    await post(writer, { topic: "other", expiresAt, payload: { word: "expired" } });
    time.advance(61);
    const receiver = aReceiver();

    outbox(receiver);

    await vi.waitFor(async () =>
      expect(await rows()).toMatchObject([
        { state: "dropped", last_error: "superseded", payload: "" },
        { state: "sent" },
        { state: "dropped", last_error: "expired", payload: "" },
      ]),
    );
    expect(receiver.words()).toEqual(["newer"]);
  });

  test("what waits behind a parcel that was refused does not wait for it when a newer one takes its place", async () => {
    const { post, outbox, rows, time } = await start();
    const receiver = aReceiver();
    receiver.refuse("older", new DeliveryRefused("not now", { permanent: false }));
    const open = outbox(receiver, { pollSeconds: 3600 });
    await post(open, { topic: "code", supersedes: true, payload: { word: "older" } });
    await vi.waitFor(async () => expect(await rows()).toMatchObject([{ attempts: 1, leased_until: null }]));
    await post(open, { topic: "other", payload: { word: "behind" } });
    time.advance(2);

    await post(open, { topic: "code", supersedes: true, payload: { word: "newer" } });

    await vi.waitFor(() => expect(receiver.words()).toEqual(["behind", "newer"]));
  });

  test("a recipient gets no more than so many in a time; the rest comes later", async () => {
    const { post, outbox, rows, time } = await start();
    const receiver = aReceiver({ perRecipient: { most: 3, seconds: 3600 } });
    const open = outbox(receiver);

    for (let parcel = 0; parcel < 5; parcel++) await post(open, { recipient: "dana@example.com" });
    await post(open, { accountId: null, recipient: "eve@example.com" });
    await vi.waitFor(() => expect(receiver.taken).toHaveLength(4));
    await pause(200);
    expect(receiver.taken).toHaveLength(4);
    time.advance(3601);

    await vi.waitFor(async () =>
      expect((await rows()).every(({ state, attempts }) => state === "sent" && attempts <= 2)).toBe(true),
    );
    expect(receiver.taken).toHaveLength(6);
  });

  test("staff find a parcel with its secrets masked, and resend what was given up under its name", async () => {
    const { post, outbox, rows } = await start();
    const receiver = aReceiver();
    receiver.refuse("s3cret", new DeliveryRefused("no", { permanent: true }));
    const open = outbox(receiver);
    await post(open, {
      payload: {
        to: "dana@example.com",
        word: "s3cret",
        language: "de",
        name: { first: "Dana" },
        state: ["of mind"],
      },
    });
    await vi.waitFor(async () => expect(await rows()).toMatchObject([{ state: "dead" }]));
    const { rows: listed } = await open.list({ state: "dead" }, { offset: 0, limit: 10 });
    const id = Number(listed[0]?.id);

    expect((await open.inspect(id)).contents).toEqual({
      to: "d***",
      word: "***",
      language: "de",
      name: { first: "***" },
      state: ["***"],
    });
    receiver.refuse("s3cret", undefined);
    await open.resend(id, async () => {});

    await vi.waitFor(() => expect(receiver.taken).toHaveLength(1));
    expect(receiver.taken[0]?.messageId).toBe(receiver.tried[0]?.messageId);
    await vi.waitFor(async () => expect(await rows()).toMatchObject([{ state: "sent" }]));
    await expect(open.resend(id, async () => {})).rejects.toMatchObject({
      reasons: [ErrorReason.PARCEL_NOT_RESENDABLE],
    });
  });

  test("what has left is deleted after three days, what was given up after thirty, what waits never", async () => {
    const { post, outbox, rows, time } = await start();
    const receiver = aReceiver();
    receiver.refuse("dead", new DeliveryRefused("no", { permanent: true }));
    const open = outbox(receiver);
    await post(open, { accountId: null, payload: { word: "dead" } });
    await post(open, { accountId: null });
    const away = aReceiver({ channel: "away" });
    away.isDown(new ChannelDown("nobody is there"));
    open.deliverBy(away);
    await post(open, { accountId: null, channel: "away" });
    await vi.waitFor(async () =>
      expect((await rows()).map(({ state }) => state)).toEqual(["dead", "sent", "waiting"]),
    );

    time.advance(3 * 86_400 + 1);
    expect(await open.prune(10)).toBeGreaterThan(0);
    expect((await rows()).map(({ state }) => state)).toEqual(["dead", "waiting"]);
    time.advance(27 * 86_400);
    await open.prune(10);

    expect((await rows()).map(({ state }) => state)).toEqual(["waiting"]);
  });

  test("what waits for a channel that was taken from the settings is given up after a week, and can be resent when it is back", async () => {
    const { post, outbox, rows, time } = await start();
    const open = outbox(aReceiver());
    await post(open, { accountId: null, channel: "gone" });

    time.advance(7 * 86_400);
    expect(await open.prune(10)).toBe(0);
    time.advance(1);
    expect(await open.prune(10)).toBe(1);

    expect(await rows()).toMatchObject([{ state: "dead", last_error: "nobody delivers on this channel" }]);
    const back = aReceiver({ channel: "gone" });
    const { rows: listed } = await open.list({ state: "dead" }, { offset: 0, limit: 10 });
    open.deliverBy(back);
    await open.resend(Number(listed[0]?.id), async () => {});
    await vi.waitFor(() => expect(back.taken).toHaveLength(1));
  });

  test("what has expired cannot be resent, for it would be dropped", async () => {
    const { post, outbox, rows, time } = await start();
    const receiver = aReceiver();
    receiver.refuse("s3cret", new DeliveryRefused("no", { permanent: true }));
    const open = outbox(receiver);
    await post(open, { expiresAt: secondsAfter(time.clock(), 600) });
    await vi.waitFor(async () => expect(await rows()).toMatchObject([{ state: "dead" }]));
    const { rows: listed } = await open.list({ state: "dead" }, { offset: 0, limit: 10 });

    time.advance(600);

    await expect(open.resend(Number(listed[0]?.id), async () => {})).rejects.toMatchObject({
      reasons: [ErrorReason.PARCEL_NOT_RESENDABLE],
    });
    expect(await rows()).toMatchObject([{ state: "dead" }]);
  });

  test("what brings down whoever takes it is given up some day", async () => {
    const { post, outbox, rows, database } = await start();
    const receiver = aReceiver();
    await post(outbox(undefined), {});
    await database.write("UPDATE outbox SET attempts = ?", [2 * MOST_ATTEMPTS]);

    outbox(receiver);

    await vi.waitFor(async () =>
      expect(await rows()).toMatchObject([{ state: "dead", last_error: "no worker has come back from it" }]),
    );
    expect(receiver.tried).toEqual([]);
  });

  test("a stop waits for the delivery in flight, begins no other and gives back what it had taken", async () => {
    const { post, outbox, rows } = await start();
    const receiver = aReceiver({ lanes: 1, batch: 5 });
    const release = receiver.hangOn("first");
    const writer = outbox(undefined);
    for (const word of ["first", "second"]) await post(writer, { accountId: null, payload: { word } });
    const open = outbox(receiver);
    await vi.waitFor(() => expect(receiver.tried).toHaveLength(1));

    const stopped = open.stop();
    setTimeout(release, 50);
    await stopped;

    expect(receiver.words()).toEqual(["first"]);
    expect(await rows()).toMatchObject([
      { state: "sent" },
      { state: "waiting", attempts: 0, leased_until: null },
    ]);
  });

  test("a stop does not wait for ever", async () => {
    const { post, outbox } = await start();
    const receiver = aReceiver();
    const release = receiver.hangOn("s3cret");
    const open = outbox(receiver, { stopSeconds: 0.05 });
    await post(open, {});
    await vi.waitFor(() => expect(receiver.tried).toHaveLength(1));

    await open.stop();

    expect(receiver.taken).toEqual([]);
    release();
  });

  test("a delivery does not begin when too little is left of its lease", async () => {
    const { post, outbox, rows, time } = await start();
    const receiver = aReceiver({ lanes: 1, batch: 5 });
    const release = receiver.hangOn("first");
    const writer = outbox(undefined);
    for (const word of ["first", "second"]) await post(writer, { payload: { word } });
    outbox(receiver, { pollSeconds: 3600 });
    await vi.waitFor(() => expect(receiver.tried).toHaveLength(1));

    time.advance(70);
    release();

    await vi.waitFor(async () => expect((await rows())[0]).toMatchObject({ state: "sent" }));
    await vi.waitFor(() => expect(receiver.words()).toEqual(["first", "second"]));
    // Taken anew, with a lease of its own.
    expect(receiver.tried.map(({ attempts }) => attempts)).toEqual([1, 1]);
  });
});

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
