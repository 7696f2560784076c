import { expect, onTestFinished, test } from "vitest";
import { waitSeconds } from "../../../src/features/outbox/rules.js";
import { DestinationDown } from "../../../src/ports/delivery.js";
import { describeEachDatabase } from "../../support/databases.js";
import { aReceiver, startOutboxes } from "../../support/outboxes.js";

test("a destination is looked at again when it says, else as seldom as what waits there has waited", () => {
  const fault = new DestinationDown("nobody is there");
  const eager = new DestinationDown("nobody is there", { retrySeconds: 2 });

  expect([0, 60, 86_400].map((waited) => waitSeconds(fault, waited, 0.5))).toEqual([5, 60, 300]);
  expect(waitSeconds(eager, 86_400, 0.5)).toBe(2);
  expect([waitSeconds(fault, 60, 0), waitSeconds(fault, 60, 0.999)]).toEqual([45, expect.closeTo(75, 0)]);
});

describeEachDatabase("a destination that takes nothing", (database) => {
  test("holds up its accounts alone, uses no attempt up and is told of once a minute", async () => {
    const { accounts, time, logged, rows, outbox, post, close } = await startOutboxes(database);
    onTestFinished(close);
    const receiver = aReceiver();
    receiver.refuse("odd", new DestinationDown("the exchange is refused"));
    const office = outbox(receiver);

    await post(office, { payload: { word: "odd" } });
    await post(office, { payload: { word: "behind" } });
    await post(office, { accountId: accounts[1], payload: { word: "odd" } });
    await post(office, { accountId: accounts[2], payload: { word: "other" } });
    // Long enough to be given up if it was their fault.
    for (let look = 0; look < 40; look += 1) {
      await office.settled();
      time.advance(400);
      office.kick();
    }
    await office.settled();
    const tried = receiver.tried.filter(({ payload }) => payload.word === "odd");
    const warnings = logged.filter(({ level }) => level === "warn");
    expect(receiver.words()).toEqual(["other"]);
    expect(tried.length).toBeGreaterThan(50);
    expect(new Set(tried.map(({ attempts }) => attempts))).toEqual(new Set([1]));
    expect((await rows()).map(({ state, attempts }) => [state, attempts])).toEqual([
      ["waiting", 0],
      ["waiting", 0],
      ["waiting", 0],
      ["sent", 1],
    ]);
    expect((await rows())[0]).toMatchObject({ last_error: "the exchange is refused" });
    expect(warnings[0]?.details).toMatchObject({ channel: "test", reason: "the exchange is refused" });
    // Of two accounts each time.
    expect(warnings.length).toBeLessThanOrEqual(tried.length / 2 + 1);

    receiver.refuse("odd", undefined);
    time.advance(400);
    office.kick();
    await expect.poll(receiver.words).toHaveLength(4);

    const words = receiver.words();
    expect(words.indexOf("odd")).toBeLessThan(words.indexOf("behind"));
  });
});
