import { expect, test } from "vitest";
import { createSmsCourier, type SmsCourierNeeds } from "../../../src/features/phones/courier.js";
import { systemClock } from "../../../src/platform/clock.js";
import { silentLogger } from "../../../src/platform/logger.js";
import { createFailover } from "../../../src/ports/sms/failover.js";

test("an SMS has the time that all vendors one after the other may take", () => {
  const vendors = ["a", "b", "c"].map((name) => ({ name, send: async () => {}, close: async () => {} }));
  const sms = createFailover(vendors, { clock: systemClock, logger: silentLogger });

  const courier = createSmsCourier({ sms, clock: systemClock } as SmsCourierNeeds);

  expect(courier.patienceSeconds).toBeGreaterThan(3 * 10);
});
