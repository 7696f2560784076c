import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { callSignal, withinCall } from "../../src/platform/deadline.js";
import { gathered, gatheredReads } from "../../src/platform/gathered.js";

/** Answers in capitals, each batch when it is told to. */
function slowly({ mostTogether = 100, mostUnderway = 1 } = {}) {
  const batches: (readonly string[])[] = [];
  const ends: { answer(): void; fail(fault: Error): void }[] = [];
  const ask = gathered<string, string>({
    mostTogether,
    mostUnderway,
    answer: (asked) =>
      new Promise((resolve, reject) => {
        batches.push(asked);
        ends.push({ answer: () => resolve(asked.map((text) => text.toUpperCase())), fail: reject });
      }),
  });
  return { ask, batches, ends };
}

test("what is asked in one turn is answered together, each its own", async () => {
  const { ask, batches, ends } = slowly();

  const answers = Promise.all(["a", "b", "c"].map(ask));
  await nextTurn();
  ends[0]?.answer();

  expect(await answers).toEqual(["A", "B", "C"]);
  expect(batches).toEqual([["a", "b", "c"]]);
});

test("no batch is larger than it may be, and no more are under way than may be", async () => {
  const { ask, batches, ends } = slowly({ mostTogether: 2, mostUnderway: 2 });

  const answers = Promise.all(["a", "b", "c", "d", "e"].map(ask));
  await nextTurn();
  expect(batches).toEqual([
    ["a", "b"],
    ["c", "d"],
  ]);
  ends[1]?.answer();
  await nextTurn();
  expect(batches[2]).toEqual(["e"]);
  for (const { answer } of ends) answer();

  expect(await answers).toEqual(["A", "B", "C", "D", "E"]);
});

test("what is asked while an answer is under way is answered by the next one", async () => {
  const { ask, batches, ends } = slowly();
  const early = ask("early");
  await nextTurn();

  const late = [ask("late"), ask("later")];
  await nextTurn();
  expect(batches).toEqual([["early"]]);
  ends[0]?.answer();
  await early;
  ends[1]?.answer();

  expect(await Promise.all(late)).toEqual(["LATE", "LATER"]);
  expect(batches).toEqual([["early"], ["late", "later"]]);
});

test("a failure is told to all whom it concerns and to those who wait, and to nobody who comes later", async () => {
  const { ask, ends } = slowly();
  const concerned = [ask("a"), ask("b")];
  await nextTurn();
  const waiting = ask("c");

  ends[0]?.fail(new Error("down"));

  for (const answer of [...concerned, waiting]) await expect(answer).rejects.toThrow("down");
  const late = ask("d");
  await nextTurn();
  ends[1]?.answer();
  expect(await late).toBe("D");
});

test("a call that ends takes nobody's answer with it", async () => {
  let signal: AbortSignal | undefined;
  const ask = gathered<string, string>({
    mostTogether: 10,
    mostUnderway: 1,
    async answer(asked) {
      signal = callSignal();
      return asked;
    },
  });
  const call = new AbortController();

  const answer = withinCall(call, () => ask("a"));
  call.abort();

  expect(await answer).toBe("a");
  expect(signal).toBeUndefined();
});

/** A table of which some is read when it is told to. */
function slowTable(rows: Record<string, string>) {
  const readings: (readonly string[])[] = [];
  const ends: (() => void)[] = [];
  const read = gatheredReads<string>({
    mostTogether: 100,
    mostUnderway: 2,
    read(keys) {
      readings.push(keys);
      const found = new Map(keys.flatMap((key) => (rows[key] === undefined ? [] : [[key, rows[key]]])));
      return new Promise((resolve) => ends.push(() => resolve(found)));
    },
  });
  return { rows, readings, ends, read };
}

test("who asks for the same at the same time shares one reading, also of what does not exist", async () => {
  const { read, readings, ends } = slowTable({ a: "one" });

  const values = Promise.all([read("a"), read("none"), read("a"), read("none")]);
  await nextTurn();
  ends[0]?.();

  expect(await values).toEqual(["one", undefined, "one", undefined]);
  expect(readings).toEqual([["a", "none"]]);
});

test("nobody is told what was read before he asked", async () => {
  const { rows, read, readings, ends } = slowTable({ a: "before" });
  const early = read("a");
  await nextTurn();
  rows.a = "after";

  const late = read("a");
  await nextTurn();
  for (const end of ends) end();

  expect([await early, await late]).toEqual(["before", "after"]);
  expect(readings).toEqual([["a"], ["a"]]);
});
