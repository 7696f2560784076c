import { expect, test } from "vitest";
import { afterFailure, isPermanent, MOST_ATTEMPTS } from "../../../src/features/outbox/rules.js";
import { DeliveryRefused } from "../../../src/ports/delivery.js";

const middle = 0.5;

test("delays double from five seconds up to a quarter of an hour", () => {
  const delays = [1, 2, 3, 8, 9, 20].map((attempts) => afterFailure(attempts, false, middle));

  expect(delays).toEqual([5, 10, 20, 640, 900, 900].map((delaySeconds) => ({ kind: "retry", delaySeconds })));
});

test("chance moves a delay by a quarter to either side", () => {
  expect(afterFailure(5, false, 0)).toEqual({ kind: "retry", delaySeconds: 60 });
  expect(afterFailure(5, false, 1)).toEqual({ kind: "retry", delaySeconds: 100 });
});

test("the other side may ask for a longer delay, up to a quarter of an hour, but for no shorter one", () => {
  const delaysFor = (askedSeconds: number) =>
    [0, 1].map((chance) => afterFailure(5, false, chance, askedSeconds));

  expect(delaysFor(1)).toEqual([60, 100].map((delaySeconds) => ({ kind: "retry", delaySeconds })));
  expect(delaysFor(120)).toEqual([120, 150].map((delaySeconds) => ({ kind: "retry", delaySeconds })));
  expect(delaysFor(86_400)).toEqual([900, 1125].map((delaySeconds) => ({ kind: "retry", delaySeconds })));
});

test("an item is given up after its last attempt, or at once when another one cannot help", () => {
  expect(afterFailure(MOST_ATTEMPTS - 1, false, middle).kind).toBe("retry");
  expect(afterFailure(MOST_ATTEMPTS, false, middle).kind).toBe("give up");
  expect(afterFailure(1, true, middle).kind).toBe("give up");
});

test("only a refusal that says so is permanent", () => {
  expect(isPermanent(new DeliveryRefused("no such mailbox", { permanent: true }))).toBe(true);
  expect(isPermanent(new DeliveryRefused("busy", { permanent: false }))).toBe(false);
  expect(isPermanent(new TypeError("a bug"))).toBe(false);
  expect(isPermanent("text")).toBe(false);
});
