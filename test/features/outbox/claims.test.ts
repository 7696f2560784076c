import { afterEach, expect, test } from "vitest";
import { claimLines } from "../../../src/features/outbox/claims.js";
import { createOutboxStore } from "../../../src/features/outbox/store.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { describeEachDatabase } from "../../support/databases.js";
import { startOutboxes } from "../../support/outboxes.js";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

describeEachDatabase("claims", (kind) => {
  test("whoever saw as free what another has taken meanwhile takes nothing, and looks again", async () => {
    const { post, outbox, rows, database, time, close } = await startOutboxes(kind);
    closing.push(close);
    const writer = outbox(undefined);
    for (const word of ["first", "second", "third"]) await post(writer, { payload: { word } });
    const store = createOutboxStore(database);
    const now = time.clock();
    const wanted = { most: 5, now, until: secondsAfter(now, 120) };
    const [first = 0, second = 0, third = 0] = (await store.due("test", now, undefined, 5)).map(
      ({ id }) => id,
    );
    // As it looked to somebody before the others were taken.
    const behind = await database.transaction((tx) => store.lock([second, third], tx));

    const others = await claimLines(database, store, { ...wanted, candidates: [second] });
    const stale = { ...store, followers: async () => behind };
    const overtaken = await claimLines(database, stale, { ...wanted, candidates: [first] });

    expect(others.lines.flatMap(({ items }) => items.map(({ id }) => id))).toEqual([second, third]);
    expect(overtaken).toEqual({ lines: [], mayHaveMore: true });
    expect((await rows()).map(({ attempts }) => attempts)).toEqual([0, 1, 1]);
  });
});
