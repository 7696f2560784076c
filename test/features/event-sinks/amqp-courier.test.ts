import { expect, test, vi } from "vitest";
import { createAmqpCourier } from "../../../src/features/event-sinks/amqp-courier.js";
import { createUnroutable } from "../../../src/features/event-sinks/unroutable.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { silentLogger } from "../../../src/platform/logger.js";
import type { Broker } from "../../../src/ports/broker/broker.js";
import { DestinationDown } from "../../../src/ports/delivery.js";

const HEARD = "told";
const WAITS = "waits";
const DROPPED = "dropped";

/** A courier whose broker is connected for as long as it is told, and has listeners or not. */
function aCourier({ connectedSeconds = 3600 } = {}) {
  const state = { now: new Date("2026-11-26T12:00:00Z"), connectedSeconds, isHeard: false };
  const broker: Broker = {
    check: async () => {},
    publish: async () => ({ isHeard: state.isHeard, connectedMs: state.connectedSeconds * 1000 }),
    close: async () => {},
  };
  const courier = createAmqpCourier({
    broker,
    envelope: async () => "{}",
    clock: () => state.now,
    logger: silentLogger,
  });
  return {
    state,
    pass(seconds: number): void {
      state.now = secondsAfter(state.now, seconds);
      state.connectedSeconds += seconds;
    },
    async tell(name = "model.user.created", attempts = 1): Promise<string> {
      const parcel = { messageId: "m1", topic: name, accountId: 1, createdAt: state.now };
      const payload = { name, at: "2026-11-26T12:00:00Z", event: {} };
      try {
        await courier.deliver({ ...parcel, payload, attempts });
        return state.isHeard ? HEARD : DROPPED;
      } catch (fault) {
        expect(fault).toBeInstanceOf(DestinationDown);
        return WAITS;
      }
    },
  };
}

test("while listeners may be starting nothing is dropped, whether or not anybody was heard before", async () => {
  const { tell, pass } = aCourier({ connectedSeconds: 0 });

  const soon = [await tell(), await tell("model.user.updated", 23)];
  pass(29);
  const late = await tell();
  pass(2);

  expect([...soon, late]).toEqual([WAITS, WAITS, WAITS]);
  expect(await tell()).toBe(DROPPED);
});

test("a broker that has started again is given time to be bound to, however often an event was tried", async () => {
  const { state, tell, pass } = aCourier();
  state.isHeard = true;
  expect(await tell()).toBe(HEARD);
  Object.assign(state, { isHeard: false, connectedSeconds: 0 });

  const first = await tell("model.user.created", 20);
  pass(25);
  const second = await tell("model.user.created", 21);
  state.isHeard = true;

  expect([first, second]).toEqual([WAITS, WAITS]);
  expect(await tell()).toBe(HEARD);
});

test("listeners that have left are waited for half a minute, once, and again when they were back", async () => {
  const { state, tell, pass } = aCourier();
  state.isHeard = true;
  await tell();
  state.isHeard = false;

  const away = [await tell("model.user.created", 9)];
  pass(29);
  away.push(await tell());
  pass(2);
  away.push(await tell(), await tell());
  state.isHeard = true;
  away.push(await tell());
  state.isHeard = false;
  away.push(await tell());

  expect(away).toEqual([WAITS, WAITS, DROPPED, DROPPED, HEARD, WAITS]);
});

test("that for which nobody has ever listened holds up nobody after the broker has started again", async () => {
  const { state, tell } = aCourier();
  await tell();

  state.connectedSeconds = 0;

  expect(await tell()).toBe(DROPPED);
  expect(await tell("system.user.email.confirmed")).toBe(WAITS);
});

test("the rest of a burst for which nobody listens is told at the end of its minute", () => {
  vi.useFakeTimers();
  try {
    const told: object[] = [];
    const logger = { ...silentLogger, warn: (details: object) => void told.push(details) };
    const unroutable = createUnroutable({ clock: () => new Date(), logger });
    const address = { exchange: "barong.events.model", routingKey: "user.created" };

    for (let message = 0; message < 5; message += 1) unroutable.note(address);
    vi.advanceTimersByTime(59_000);
    const before = told.length;
    vi.advanceTimersByTime(120_000);

    expect(before).toBe(1);
    expect(told).toEqual([
      { ...address, messages: 1 },
      { ...address, messages: 4 },
    ]);
  } finally {
    vi.useRealTimers();
  }
});
