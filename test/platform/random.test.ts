import { expect, test } from "vitest";
import { randomDigits } from "../../src/platform/random.js";

test("random digits are as many as asked for, with leading zeros, and each digit as often as any other", () => {
  const texts = Array.from({ length: 20_000 }, () => randomDigits(6));

  expect(texts.filter((text) => !/^\d{6}$/.test(text))).toEqual([]);
  for (let place = 0; place < 6; place += 1) {
    for (const digit of "0123456789") {
      // 2000 expected, with a standard deviation of 42.
      const count = texts.filter((text) => text[place] === digit).length;
      expect(Math.abs(count - 2000)).toBeLessThan(300);
    }
  }
});
