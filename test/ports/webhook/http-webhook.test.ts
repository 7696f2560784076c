import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../../../scripts/services/programs.js";
import { systemClock } from "../../../src/platform/clock.js";
import { ChannelDown, DeliveryRefused } from "../../../src/ports/delivery.js";
import { createHttpWebhook } from "../../../src/ports/webhook/http-webhook.js";
import { startWebhookTwin, WEBHOOK_SECRET } from "../../support/webhook-twin.js";

let twin: Awaited<ReturnType<typeof startWebhookTwin>>;
beforeAll(async () => {
  twin = await startWebhookTwin();
});
afterAll(() => twin.stop());

const request = { id: "one", body: JSON.stringify({ id: "one", type: "t", timestamp: "", data: {} }) };

const faultOf = (url: string, timeoutMs = 300) =>
  createHttpWebhook({ url, secret: WEBHOOK_SECRET, timeoutMs }, systemClock)
    .post(request)
    .then(
      () => undefined,
      (fault: unknown) => fault,
    );

test("nobody at the other end is nobody's fault; who is slow is refused, and tried again", async () => {
  const away = await faultOf(`http://127.0.0.1:${await freePort()}/hooks`);
  twin.behave({ kind: "is silent" });
  const slow = await faultOf(twin.address);
  twin.behave({ kind: "resets" });
  const reset = await faultOf(twin.address);
  twin.behave({ kind: "works" });

  expect(away).toEqual(new ChannelDown("ECONNREFUSED"));
  expect(slow).toBeInstanceOf(DeliveryRefused);
  expect(slow).toMatchObject({ message: "timeout", permanent: false });
  expect(reset).toBeInstanceOf(ChannelDown);
  expect(await faultOf(twin.address)).toBeUndefined();
});
