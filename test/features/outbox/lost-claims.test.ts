import { afterEach, expect, test, vi } from "vitest";
import { claimLines } from "../../../src/features/outbox/claims.js";
import { createOutboxStore } from "../../../src/features/outbox/store.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { DeliveryDropped, DeliveryRefused } from "../../../src/ports/delivery.js";
import { describeEachDatabase } from "../../support/databases.js";
import { aReceiver, startOutboxes } from "../../support/outboxes.js";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const ENDS: readonly [string, Error | undefined][] = [
  ["was delivered", undefined],
  ["was refused for good", new DeliveryRefused("no such box", { permanent: true })],
  ["is of no use any more", new DeliveryDropped("too late")],
  ["was refused for now", new DeliveryRefused("later", { permanent: false })],
];

describeEachDatabase("a worker whose claim was lost", (kind) => {
  /** A line of three, the first of which is on its way while a worker whose clock is ahead takes all of them. */
  async function aLostLine() {
    const house = await startOutboxes(kind);
    closing.push(house.close);
    const { post, outbox, database, time, rows } = house;
    const writer = outbox(undefined);
    for (const word of ["first", "second", "third"]) await post(writer, { payload: { word } });
    const slow = aReceiver({ batch: 5 });
    const release = slow.hangOn("first");
    const loser = outbox(slow);
    await vi.waitFor(() => expect(slow.tried).toHaveLength(1));
    const store = createOutboxStore(database);
    const now = secondsAfter(time.clock(), 200);
    const [head = 0] = (await store.due("test", now, undefined, 5)).map(({ id }) => id);
    const wanted = { candidates: [head], most: 5, now, until: secondsAfter(now, 120) };
    const { lines } = await claimLines(database, store, wanted);
    expect(lines.flatMap(({ items }) => items)).toHaveLength(3);
    return { ...house, slow, release, loser, store, lines, leased: await rows() };
  }

  test.each(ENDS)("delivers nothing that was behind what %s", async (_how, fault) => {
    const { slow, release, loser, rows, leased, logged } = await aLostLine();

    release(fault);
    await loser.settled();

    expect(slow.tried.map(({ payload }) => payload.word)).toEqual(["first"]);
    expect(await rows()).toEqual(leased);
    expect(leased).toMatchObject([1, 2, 3].map(() => ({ state: "waiting", attempts: 2 })));
    expect(logged.map(({ details }) => details.message)).not.toContain("gave up a delivery");
  });

  test("is told of what another has noted, and not of what it has noted itself before", async () => {
    const { release, loser, store, lines, time } = await aLostLine();
    const [first, second, third] = lines.flatMap(({ items }) => items);
    if (!first || !second || !third) throw new Error("items are missing");

    await store.markSent([first], time.clock());
    const again = await store.markSent([first, { ...second, attempts: 1 }, third], time.clock());

    expect(again).toEqual([second.id]);
    release();
    await loser.settled();
  });
});
