import { describe, expect, test } from "vitest";
import { secondsAfter } from "../../../src/platform/clock.js";
import { createFailover } from "../../../src/ports/sms/failover.js";
import { SmsCheckBarred, type SmsProvider, SmsRefused, SmsUnavailable } from "../../../src/ports/sms/sms.js";

const SMS = { id: "1", to: "+447418084106", text: "012345" };
const DOWN = new SmsUnavailable("ECONNREFUSED");
const REFUSED = new SmsRefused("21614");
const BLOCKED = new SmsRefused("60410", { isFinal: true });
const FAILED = new SmsUnavailable("21606", { isDown: false });

/** Vendors that do as they are told, and a clock. */
function house(...names: string[]) {
  const now = { moment: new Date("2027-01-01T00:00:00Z") };
  const asked: string[] = [];
  const ways: (string | null)[] = [];
  const faults = new Map<string, Error>();
  const held = new Map<string, Promise<void>>();
  const act = async (name: string) => {
    asked.push(name);
    await held.get(name);
    const fault = faults.get(name);
    if (fault) throw fault;
  };
  const providers = names.map((name): SmsProvider => {
    const check = async (_to: string, code: string) => {
      await act(`${name} check`);
      return code === "right";
    };
    return {
      name,
      send: () => act(name),
      close: async () => {
        asked.push(`${name} closed`);
      },
      ...(name === "verify" && { check }),
    };
  });
  const warnings: unknown[] = [];
  const sms = createFailover(providers, {
    clock: () => now.moment,
    logger: { warn: (facts: unknown) => void warnings.push(facts) },
  });
  return {
    sms,
    faults,
    held,
    ways,
    pass: (seconds: number) => {
      now.moment = secondsAfter(now.moment, seconds);
    },
    /** Who is asked for one SMS, and how it ends. */
    async send() {
      asked.length = 0;
      const way = async (codeOf: string | null) => void ways.push(codeOf);
      const fault: unknown = await sms.send(SMS, way).catch((thrown: unknown) => thrown);
      return { asked: [...asked], fault };
    },
    asked,
    warnings,
  };
}

describe("SMS go", () => {
  test("to the first vendor, and to no other when he takes them", async () => {
    const { send } = house("a", "b");

    expect(await send()).toEqual({ asked: ["a"], fault: undefined });
  });

  test("to nobody else when one has blocked the number against fraud, which says nothing about the vendor", async () => {
    const { send, faults } = house("a", "b");
    faults.set("a", BLOCKED);

    expect(await send()).toMatchObject({ asked: ["a"], fault: { name: "SmsRefused", code: "a: 60410" } });
    faults.clear();
    expect(await send()).toMatchObject({ asked: ["a"] });
  });

  test.each([
    ["is down", DOWN],
    ["refuses the number", REFUSED],
    ["has something against this SMS", FAILED],
  ])("to the next in the same delivery when one %s", async (_what, fault) => {
    const { send, faults } = house("a", "b", "c");
    faults.set("a", fault).set("b", fault);

    expect(await send()).toEqual({ asked: ["a", "b", "c"], fault: undefined });
  });

  test("nowhere when the fault is ours", async () => {
    const { send, faults } = house("a", "b");
    faults.set("a", new TypeError("a mistake"));

    expect(await send()).toEqual({ asked: ["a"], fault: expect.any(TypeError) });
  });
});

describe("the last word is", () => {
  test("that nobody delivers to the number, when all say so", async () => {
    const { send, faults } = house("a", "b");
    faults.set("a", REFUSED).set("b", new SmsRefused("HTTP 422"));

    expect((await send()).fault).toMatchObject({ name: "SmsRefused", code: "a: 21614, b: HTTP 422" });
  });

  test("that nobody is there, when nobody is", async () => {
    const { send, faults } = house("a", "b");
    faults.set("a", DOWN).set("b", DOWN);

    expect((await send()).fault).toMatchObject({
      name: "SmsUnavailable",
      isDown: true,
      code: "a: ECONNREFUSED, b: ECONNREFUSED",
    });
  });

  test.each([
    ["one is down and one refuses", DOWN, REFUSED],
    ["one refuses and one is down", REFUSED, DOWN],
    ["one is down and one has something against this SMS", DOWN, FAILED],
  ])("that this SMS may be tried again, and others too, when %s", async (_what, first, second) => {
    const { send, faults } = house("a", "b");
    faults.set("a", first).set("b", second);

    for (let count = 0; count < 2; count += 1) {
      expect((await send()).fault).toMatchObject({ name: "SmsUnavailable", isDown: false });
    }
  });
});

describe("a vendor that was down", () => {
  test("rests for five seconds, then ten, up to a minute, and is asked again at once when it works", async () => {
    const { send, faults, pass } = house("a", "b");
    faults.set("a", DOWN);
    for (const rest of [5, 10, 20, 40, 60, 60]) {
      expect((await send()).asked).toEqual(["a", "b"]);
      pass(rest - 0.001);
      expect((await send()).asked).toEqual(["b"]);
      pass(0.001);
    }

    faults.clear();

    expect((await send()).asked).toEqual(["a"]);
    expect((await send()).asked).toEqual(["a"]);
    faults.set("a", DOWN);
    await send();
    pass(5);
    expect((await send()).asked).toEqual(["a", "b"]);
  });

  test("is tried by one after its rest, while the others go on to the next", async () => {
    const { send, sms, faults, held, pass, asked } = house("a", "b");
    faults.set("a", DOWN);
    await send();
    pass(5);
    faults.clear();
    let answer = () => {};
    held.set("a", new Promise((resolve) => (answer = resolve)));
    asked.length = 0;
    const way = async () => {};

    const trial = sms.send(SMS, way);
    await sms.send(SMS, way);
    await sms.send(SMS, way);

    expect(asked).toEqual(["a", "b", "b"]);
    answer();
    await trial;
    held.clear();
    expect((await send()).asked).toEqual(["a"]);
  });

  test("costs one rest and one word in the log, however many waited for it together", async () => {
    const { sms, faults, send, pass, warnings } = house("a", "b");
    faults.set("a", DOWN);

    await Promise.all(Array.from({ length: 20 }, () => sms.send(SMS, async () => {})));

    expect(warnings).toEqual([{ vendor: "a", reason: "ECONNREFUSED" }]);
    pass(5);
    expect((await send()).asked).toEqual(["a", "b"]);
  });

  test("does not rest when there is nobody else: whoever delivers rests himself", async () => {
    const { send, faults } = house("a", "b");
    faults.set("a", DOWN).set("b", DOWN);

    for (let count = 0; count < 3; count += 1) expect((await send()).asked).toEqual(["a", "b"]);
  });

  test("is not the one that refuses a number", async () => {
    const { send, faults } = house("a", "b");
    faults.set("a", REFUSED);

    for (let count = 0; count < 3; count += 1) expect((await send()).asked).toEqual(["a", "b"]);
  });

  test("has not refused a number while it rests", async () => {
    const { send, faults } = house("a", "b");
    faults.set("a", DOWN);
    await send();
    faults.set("b", REFUSED);

    expect(await send()).toMatchObject({ asked: ["b"], fault: { name: "SmsUnavailable", isDown: false } });
  });
});

describe("whose code it is", () => {
  test("is told before each vendor that knows another", async () => {
    const { send, faults, ways } = house("verify", "b", "c");
    faults.set("verify", DOWN).set("b", DOWN);

    await send();
    expect(ways).toEqual(["verify", null]);
    await send();

    expect(ways).toEqual(["verify", null, null]);
  });

  test("must be noted, or the SMS does not leave", async () => {
    const { sms, asked } = house("verify");

    await expect(sms.send(SMS, async () => Promise.reject(new Error("no database")))).rejects.toThrow(
      "no database",
    );

    expect(asked).toEqual([]);
  });

  test("he is asked who texted it; whoever is not used any more knows none", async () => {
    const { sms, asked } = house("a", "verify");

    expect(await sms.check("verify", SMS.to, "right")).toBe(true);
    expect(await sms.check("verify", SMS.to, "wrong")).toBe(false);
    expect(asked).toEqual(["verify check", "verify check"]);
    expect(await sms.check("a", SMS.to, "right")).toBe(false);
    expect(await sms.check("gone", SMS.to, "right")).toBe(false);
  });

  test("is ours where others have codes sent to the number, while anybody texts ours", async () => {
    const { sms, faults, ways, asked } = house("verify", "b", "c");
    const way = async (codeOf: string | null) => void ways.push(codeOf);
    const contested = { ...SMS, isContested: true };

    await sms.send(contested, way);
    expect([asked.splice(0), ways.splice(0)]).toEqual([["b"], [null]]);

    faults.set("b", DOWN).set("c", REFUSED);
    await sms.send(contested, way);
    expect([asked, ways]).toEqual([
      ["b", "c", "verify"],
      [null, "verify"],
    ]);
  });

  test("a vendor that looks at no more codes for a number is there: nothing is made to wait", async () => {
    const { sms, faults, warnings, asked } = house("verify");
    faults.set("verify check", new SmsCheckBarred());

    for (let count = 0; count < 2; count += 1)
      await expect(sms.check("verify", SMS.to, "right")).rejects.toBeInstanceOf(SmsCheckBarred);

    expect([asked.length, warnings]).toEqual([2, []]);
  });

  test("nobody waits for a vendor that rests, nor makes one rest by hanging up", async () => {
    const { sms, faults, asked, pass } = house("verify");
    faults.set("verify check", FAILED);
    await expect(sms.check("verify", SMS.to, "right")).rejects.toBe(FAILED);
    faults.set("verify check", DOWN);
    await expect(sms.check("verify", SMS.to, "right")).rejects.toBe(DOWN);

    await expect(sms.check("verify", SMS.to, "right")).rejects.toMatchObject({ name: "SmsUnavailable" });

    expect(asked).toHaveLength(2);
    faults.clear();
    pass(5);
    expect(await sms.check("verify", SMS.to, "right")).toBe(true);
  });
});

test("all are closed", async () => {
  const { sms, asked } = house("a", "b");

  await sms.close();

  expect(asked).toEqual(["a closed", "b closed"]);
});
