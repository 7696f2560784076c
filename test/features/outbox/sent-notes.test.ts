import { expect, test } from "vitest";
import type { Claim } from "../../../src/features/outbox/queue.js";
import { SentNotes } from "../../../src/features/outbox/sent-notes.js";
import { systemClock } from "../../../src/platform/clock.js";
import { silentLogger } from "../../../src/platform/logger.js";

function aDatabase() {
  const written: number[][] = [];
  const state = { isAway: false, tries: 0, lost: [] as number[] };
  const queue = {
    async markSent(claims: readonly Claim[]) {
      state.tries += 1;
      if (state.isAway) throw new Error("away");
      written.push(claims.map(({ id }) => id));
      return state.lost;
    },
  };
  return { written, state, notes: new SentNotes({ queue, clock: systemClock, logger: silentLogger }) };
}

test("what was sent at the same time is noted in one statement", async () => {
  const { written, notes } = aDatabase();

  await Promise.all([1, 2, 3].map((id) => notes.note({ id, attempts: 1 })));

  expect(written).toEqual([[1, 2, 3]]);
});

test("each note tells whether its own claim was lost", async () => {
  const { state, notes } = aDatabase();
  state.lost = [2];

  const held = await Promise.all([1, 2, 3].map((id) => notes.note({ id, attempts: 1 })));

  expect(held).toEqual([true, false, true]);
});

test("a note waits for a database that is away, and is written once", async () => {
  const { written, state, notes } = aDatabase();
  state.isAway = true;

  const noted = notes.note({ id: 1, attempts: 1 });
  await expect.poll(() => state.tries).toBeGreaterThan(2);
  expect(written).toEqual([]);
  state.isAway = false;
  await noted;

  expect(written).toEqual([[1]]);
});

test("a note ends with the process's patience", async () => {
  const { state, notes } = aDatabase();
  state.isAway = true;

  const noted = notes.note({ id: 1, attempts: 1 });
  await expect.poll(() => state.tries).toBeGreaterThan(0);
  notes.giveUp();

  await expect(noted).rejects.toThrow("away");
});
