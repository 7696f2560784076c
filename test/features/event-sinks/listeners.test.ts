import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getOption } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EventSchema } from "../../../gen/barong/events/v1/event_pb.js";
import { event as eventRules } from "../../../gen/barong/options/v1/options_pb.js";
import { webhookFault } from "../../../src/features/event-sinks/rules.js";
import { createListeners } from "../../../src/partners.js";
import { systemClock } from "../../../src/platform/clock.js";
import { readConfig } from "../../../src/platform/config.js";
import { startWebhookTwin, WEBHOOK_SECRET } from "../../support/webhook-twin.js";

const crm = { name: "crm", url: "http://crm.example.com/h", events: ["*"] };
const production = { isProduction: true };

const namesWithToken = EventSchema.fields.flatMap(({ message }) => {
  const name = message && getOption(message, eventRules).name;
  return name && message.fields.some((field) => field.name === "token") ? [name] : [];
});

test("events that nobody ever is told of are no filter", () => {
  const faultOf = (...events: string[]) => webhookFault({ ...crm, events }, { isProduction: false });

  expect(faultOf("model.user.*", "system.document.verified", "*", "system.*")).toBeUndefined();
  expect(faultOf("model.user.*", "model.users.*")).toMatch(
    /^webhook crm waits for model\.users\.\*, of which there is none: events are .*model\.user\.updated,/,
  );
  expect(faultOf("model.user")).toContain("waits for model.user,");
});

test("in production no one-time token leaves where others could read it", () => {
  expect(namesWithToken).toHaveLength(2);
  for (const events of [["*"], ["system.user.*"], ...namesWithToken.map((name) => [name])])
    expect(webhookFault({ ...crm, events }, production)).toMatch(
      /^webhook crm would get one-time tokens by http/,
    );
  expect(webhookFault({ ...crm, url: "http://127.0.0.1.example.com/h" }, production)).toBeDefined();

  expect(webhookFault({ ...crm, events: ["model.*", "system.document.*"] }, production)).toBeUndefined();
  expect(webhookFault(crm, { isProduction: false })).toBeUndefined();
  const urls = [
    "https://crm.example.com",
    "http://localhost:1",
    "http://a.localhost",
    "http://127.0.0.9",
    "http://[::1]:8080",
  ];
  for (const url of urls) expect(webhookFault({ ...crm, url }, production)).toBeUndefined();
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "barong-listeners-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function listenersOf(webhook: object, environment: Record<string, string> = {}) {
  const file = join(folder, "webhooks.json");
  await writeFile(file, JSON.stringify([{ ...crm, secret: WEBHOOK_SECRET, ...webhook }]));
  return createListeners(readConfig({ WEBHOOKS_FILE: file, ...environment }), systemClock);
}

test("the server does not start with a webhook that it cannot serve", async () => {
  await expect(listenersOf({ events: ["model.users.*"] })).rejects.toThrow(
    `WEBHOOKS_FILE ${join(folder, "webhooks.json")}: webhook crm waits for model.users.*`,
  );
});

test("the server does not start when links are left to listeners none of whom is told of them", async () => {
  const MAIL_LINKS = "false";
  const [confirmation = "", reset = ""] = namesWithToken;

  await expect(listenersOf({ events: ["model.*", confirmation] }, { MAIL_LINKS })).rejects.toThrow(
    `MAIL_LINKS=false leaves links to listeners of events, but there is no broker and no webhook waits for ${reset}`,
  );
  await expect(listenersOf({ events: ["model.*"] }, { MAIL_LINKS })).rejects.toThrow(
    `waits for ${confirmation} or ${reset}`,
  );
  for (const events of [["*"], ["system.user.*"], [confirmation, reset]])
    expect((await listenersOf({ events }, { MAIL_LINKS })).webhooks).toHaveLength(1);
  expect((await listenersOf({ events: ["model.*"] })).webhooks).toHaveLength(1);
  const EVENT_API_RABBITMQ_HOST = "mq.example.com";
  const { broker } = await listenersOf({ events: ["model.*"] }, { MAIL_LINKS, EVENT_API_RABBITMQ_HOST });
  expect(broker).toBeDefined();
  await broker?.close();
});

test("a webhook has less time when a delivery has", async () => {
  const twin = await startWebhookTwin();
  try {
    twin.behave({ kind: "is silent" });
    const { webhooks } = await listenersOf({ url: twin.address }, { OUTBOX_LEASE_SECONDS: "10" });
    const begin = performance.now();

    await expect(webhooks[0]?.webhook.post({ id: "1", body: '{"id":"1"}' })).rejects.toThrow("timeout");

    expect(performance.now() - begin).toBeLessThan(5000);
  } finally {
    await twin.stop();
  }
});
