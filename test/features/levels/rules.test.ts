import { expect, test } from "vitest";
import { levelReached } from "../../../src/features/levels/rules.js";

const LEVELS = [
  { number: 1, key: "email", value: "verified" },
  { number: 2, key: "phone", value: "verified" },
  { number: 3, key: "document", value: "verified" },
];
const verified = (...keys: string[]) => keys.map((key) => ({ key, value: "verified" }));

test("a level needs every level below it", () => {
  expect(levelReached(LEVELS, [])).toBe(0);
  expect(levelReached(LEVELS, verified("phone"))).toBe(0);
  expect(levelReached(LEVELS, verified("email", "document"))).toBe(1);
  expect(levelReached(LEVELS, verified("document", "phone", "email"))).toBe(3);
});

test("a label with another value does not count", () => {
  expect(levelReached(LEVELS, [{ key: "email", value: "pending" }, ...verified("phone")])).toBe(0);
});

test("without levels there is only zero", () => {
  expect(levelReached([], verified("email"))).toBe(0);
});
