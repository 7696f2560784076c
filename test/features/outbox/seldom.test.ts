import { expect, test } from "vitest";
import { createSeldom } from "../../../src/features/outbox/seldom.js";
import { secondsAfter } from "../../../src/platform/clock.js";

function aSeldom() {
  let now = new Date("2026-11-22T12:00:00Z");
  const isNews = createSeldom(() => now);
  return {
    isNews,
    advance(seconds: number) {
      now = secondsAfter(now, seconds);
    },
  };
}

test("the same is told once a minute", () => {
  const { isNews, advance } = aSeldom();

  const told = [isNews("one"), isNews("one"), isNews("other")];
  advance(59);
  const early = isNews("one");
  advance(1);

  expect(told).toEqual([true, false, true]);
  expect([early, isNews("one"), isNews("one")]).toEqual([false, true, false]);
});

test("no more than a thousand words are remembered, the latest of them", () => {
  const { isNews } = aSeldom();

  for (let word = 0; word <= 1000; word += 1) isNews(`word ${word}`);

  expect([isNews("word 1"), isNews("word 1000"), isNews("word 0")]).toEqual([false, false, true]);
});
