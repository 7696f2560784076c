import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { BriefCache } from "../../src/platform/brief-cache.js";

interface Note {
  readonly owner: number;
  readonly text: string;
}

const OWNER = 7;
const ofOwner = ({ owner }: Note): number => owner;
const note = (text: string, owner = OWNER): Note => ({ owner, text });

const cacheFor = (milliseconds: number, most = 100) => new BriefCache<Note>({ milliseconds, most });
const loaded = (cache: BriefCache<Note>, key: string, value: Note | undefined) =>
  cache.load(key, async () => value, ofOwner);

/** A value that is being read, until it is told. */
function slowRead(cache: BriefCache<Note>, key: string) {
  let tell: (value: Note) => void = () => undefined;
  const told = new Promise<Note>((resolve) => {
    tell = resolve;
  });
  return { tell, answer: cache.load(key, () => told, ofOwner) };
}

test("what was read is known until it is too old, counted from before it was read", async () => {
  const cache = cacheFor(2000);
  const slow = slowRead(cache, "slow");
  await pause(1000);
  slow.tell(note("slow"));

  expect(await slow.answer).toEqual(note("slow"));
  expect(cache.peek("slow")).toEqual(note("slow"));
  await pause(1050);

  expect(cache.peek("slow")).toBeUndefined();
});

test("what does not exist, and what failed to be read, is not kept", async () => {
  const cache = cacheFor(10_000);

  expect(await loaded(cache, "none", undefined)).toBeUndefined();
  await expect(cache.load("down", () => Promise.reject(new Error("down")), ofOwner)).rejects.toThrow("down");

  expect(cache.peek("none")).toBeUndefined();
  expect(cache.peek("down")).toBeUndefined();
});

test("without a time nothing is kept", async () => {
  const cache = cacheFor(0);

  expect(await loaded(cache, "a", note("a"))).toEqual(note("a"));

  expect(cache.peek("a")).toBeUndefined();
});

test("all of an owner is forgotten at once, and nothing of others", async () => {
  const cache = cacheFor(10_000);
  for (const key of ["a", "b"]) await loaded(cache, key, note(key));
  await loaded(cache, "other", note("other", 8));

  cache.forgetAllOf(OWNER);

  expect(["a", "b"].map((key) => cache.peek(key))).toEqual([undefined, undefined]);
  expect(cache.peek("other")).toEqual(note("other", 8));
});

test("one is forgotten alone", async () => {
  const cache = cacheFor(10_000);
  for (const key of ["a", "b"]) await loaded(cache, key, note(key));

  cache.forget("a");

  expect(cache.peek("a")).toBeUndefined();
  expect(cache.peek("b")).toEqual(note("b"));
});

test.each([
  ["its owner changes", (cache: BriefCache<Note>) => cache.forgetAllOf(OWNER)],
  ["it is forgotten", (cache: BriefCache<Note>) => cache.forget("a")],
])("what was being read while %s is answered, but not kept", async (_what, happen) => {
  const cache = cacheFor(10_000);
  const before = slowRead(cache, "a");

  happen(cache);
  before.tell(note("before"));

  expect(await before.answer).toEqual(note("before"));
  expect(cache.peek("a")).toBeUndefined();
  await loaded(cache, "a", note("after"));
  expect(cache.peek("a")).toEqual(note("after"));
});

test.each([
  ["somebody else changes", (cache: BriefCache<Note>) => cache.forgetAllOf(8)],
  ["something else is forgotten", (cache: BriefCache<Note>) => cache.forget("b")],
])("what was being read while %s is kept", async (_what, happen) => {
  const cache = cacheFor(10_000);
  const slow = slowRead(cache, "a");

  happen(cache);
  slow.tell(note("read"));
  await slow.answer;

  expect(cache.peek("a")).toEqual(note("read"));
});

test("a change is remembered by each of many reads for as long as it lasts", async () => {
  const cache = cacheFor(10_000);
  const first = slowRead(cache, "a");
  cache.forgetAllOf(OWNER);
  const second = slowRead(cache, "b");

  second.tell(note("after"));
  await second.answer;
  first.tell(note("before"));
  await first.answer;

  expect(cache.peek("a")).toBeUndefined();
  expect(cache.peek("b")).toEqual(note("after"));
});

test("a value is replaced without getting younger, and is forgotten with its owner still", async () => {
  const cache = cacheFor(2000);
  const present = note("present");
  await loaded(cache, "a", present);
  await pause(1000);

  cache.replace("a", present, note("touched"));

  expect(cache.peek("a")).toEqual(note("touched"));
  await pause(1050);
  expect(cache.peek("a")).toBeUndefined();

  await loaded(cache, "b", present);
  cache.replace("b", present, note("touched"));
  cache.forgetAllOf(OWNER);
  expect(cache.peek("b")).toBeUndefined();
});

test("what was read before a change takes the place of nothing that was read after it", async () => {
  const cache = cacheFor(10_000);
  const slow = slowRead(cache, "a");
  cache.forgetAllOf(OWNER);
  await loaded(cache, "a", note("after"));
  const old = note("before");
  slow.tell(old);
  await slow.answer;

  cache.replace("a", old, note("before, touched"));

  expect(cache.peek("a")).toEqual(note("after"));
});

test("nothing that was forgotten comes back by being replaced", async () => {
  const cache = cacheFor(10_000);
  const present = note("present");
  await loaded(cache, "a", present);

  cache.forgetAllOf(OWNER);
  cache.replace("a", present, note("touched"));

  expect(cache.peek("a")).toBeUndefined();
});

test("there are never more than so many, and those that made room are no longer their owner's", async () => {
  const cache = cacheFor(10_000, 2);

  for (const key of ["a", "b", "c"]) await loaded(cache, key, note(key));

  expect(["a", "b", "c"].map((key) => cache.peek(key)?.text)).toEqual([undefined, "b", "c"]);
  cache.forgetAllOf(OWNER);
  expect(["b", "c"].map((key) => cache.peek(key))).toEqual([undefined, undefined]);
});

test("a key that comes to belong to somebody else is forgotten with him alone", async () => {
  const cache = cacheFor(10_000);
  await loaded(cache, "a", note("a"));
  await loaded(cache, "a", note("a", 8));

  cache.forgetAllOf(OWNER);
  expect(cache.peek("a")).toEqual(note("a", 8));
  cache.forgetAllOf(8);
  expect(cache.peek("a")).toBeUndefined();
});
