import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { withinBudget } from "../../src/platform/budget.js";
import { callSignal } from "../../src/platform/deadline.js";

const UNAVAILABLE = { reasons: [ErrorReason.UNAVAILABLE], retryAfterSeconds: 1 };

test("what is done in time is answered as it is, also where it fails", async () => {
  expect(await withinBudget(1000, async () => "done")).toBe("done");
  await expect(withinBudget(1000, () => Promise.reject(new Error("down")))).rejects.toThrow("down");
  await expect(
    withinBudget(1000, () => {
      throw new Error("at once");
    }),
  ).rejects.toThrow("at once");
});

test("what takes too long is refused when the time is over, and told to give up", async () => {
  let signal: AbortSignal | undefined;

  const answer = withinBudget(50, async () => {
    signal = callSignal();
    expect(signal?.aborted).toBe(false);
    await pause(200);
    return "late";
  });

  await expect(answer).rejects.toMatchObject(UNAVAILABLE);
  expect(signal?.aborted).toBe(true);
});

test("who looks at his time only when it is over learns that it is", async () => {
  let late: AbortSignal | undefined;
  const work = async () => {
    await pause(100);
    late = callSignal();
  };

  await expect(withinBudget(30, work)).rejects.toMatchObject(UNAVAILABLE);
  await pause(150);

  expect(late?.aborted).toBe(true);
});
