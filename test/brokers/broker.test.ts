import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "amqplib";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { uuid } from "../../src/platform/random.js";
import { createAmqpBroker } from "../../src/ports/broker/amqp-broker.js";
import type { Broker, Publication } from "../../src/ports/broker/broker.js";
import { ChannelDown, DeliveryRefused, DestinationDown } from "../../src/ports/delivery.js";
import { selfMadeCertificate } from "../support/certificate.js";
import { startedRabbitmq } from "../support/rabbitmq.js";
import { startTcpProxy } from "../support/tcp-proxy.js";

const certificate = selfMadeCertificate();
const rabbitmq = startedRabbitmq({ certificate, settings: ["max_message_size = 4000"] });

const opened: Broker[] = [];
afterEach(async () => {
  for (const broker of opened.splice(0)) await broker.close();
});

function aBroker(settings: Partial<Parameters<typeof createAmqpBroker>[0]> = {}): Broker {
  const broker = createAmqpBroker({ url: rabbitmq.url, ...settings });
  opened.push(broker);
  return broker;
}

const aMessage = (traits: Partial<Publication> = {}): Publication => ({
  exchange: "barong.events.model",
  routingKey: "user.created",
  messageId: uuid(),
  body: "{}",
  ...traits,
});

/** Listens for one routing key; answers the ids of messages as they come. */
async function listen({ exchange, routingKey }: Pick<Publication, "exchange" | "routingKey">) {
  const connection = await connect(rabbitmq.url);
  connection.on("error", () => {});
  onTestFinished(() => connection.close().catch(() => undefined));
  const channel = await connection.createChannel();
  await channel.assertExchange(exchange, "direct", { durable: false, autoDelete: false, internal: false });
  const { queue } = await channel.assertQueue("", { exclusive: true });
  await channel.bindQueue(queue, exchange, routingKey);
  const ids: string[] = [];
  const keep = (id: string) => void ids.push(id);
  await channel.consume(queue, (message) => message && keep(message.properties.messageId), { noAck: true });
  return ids;
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (fault: unknown) => fault,
  );

const isHeard = async (broker: Broker, message: Publication) => (await broker.publish(message)).isHeard;

test("a message is confirmed, and told apart from one for which nobody listens", async () => {
  const broker = aBroker();
  const heard = await listen(aMessage());
  const message = aMessage();

  expect(await isHeard(broker, message)).toBe(true);
  expect(await isHeard(broker, aMessage({ routingKey: "nobody.listens" }))).toBe(false);
  await expect.poll(() => heard, { timeout: 10_000 }).toEqual([message.messageId]);
});

test("a message that the broker will never take is refused for good, and those at the same time are not", async () => {
  const broker = aBroker();
  const heard = await listen(aMessage());
  const good = Array.from({ length: 20 }, () => aMessage());
  const poison = aMessage({ body: JSON.stringify("x".repeat(10_000)) });

  const outcomes = await Promise.all(
    [...good.slice(0, 10), poison, ...good.slice(10)].map((message) => failureOf(broker.publish(message))),
  );

  const faults = outcomes.filter((outcome) => outcome !== undefined);
  expect(faults).toEqual([expect.any(DeliveryRefused)]);
  expect(faults[0]).toMatchObject({ permanent: true, message: "the broker refuses it (406)" });
  await expect
    .poll(() => new Set(heard), { timeout: 10_000 })
    .toEqual(new Set(good.map(({ messageId }) => messageId)));
});

test("an exchange that somebody has declared otherwise is refused until it is gone; others work meanwhile", async () => {
  const connection = await connect(rabbitmq.url);
  const channel = await connection.createChannel();
  await channel.assertExchange("barong.events.odd", "direct", { durable: true });
  const broker = aBroker();
  await listen(aMessage());

  const refusal = await failureOf(broker.publish(aMessage({ exchange: "barong.events.odd" })));
  const other = await isHeard(broker, aMessage());
  await channel.deleteExchange("barong.events.odd");
  const later = await isHeard(broker, aMessage({ exchange: "barong.events.odd" }));
  await connection.close();

  expect(refusal).toBeInstanceOf(DestinationDown);
  expect(refusal).toMatchObject({ message: expect.stringContaining("other flags") });
  expect([other, later]).toEqual([true, false]);
});

test("a broker that is not there, or does not know us, is nobody's fault, and no secret is told", async () => {
  const away = aBroker({ url: "amqp://guest:s3cret@127.0.0.1:1" });
  const stranger = aBroker({ url: rabbitmq.url.replace("guest:guest", "guest:s3cret") });
  const elsewhere = aBroker({ url: `${rabbitmq.url}/nowhere` });

  const faults = await Promise.all(
    [away, stranger, elsewhere].map((broker) => failureOf(broker.publish(aMessage()))),
  );

  for (const fault of faults) expect(fault).toBeInstanceOf(ChannelDown);
  expect(faults.map(String)).toEqual([
    "ChannelDown: the broker cannot be reached (ECONNREFUSED)",
    "ChannelDown: the broker cannot be reached (it refuses the name or password)",
    "ChannelDown: the broker cannot be reached (it ends the connection)",
  ]);
});

test("over TLS the broker is believed by its authority alone", async () => {
  const known = await isHeard(
    aBroker({ url: rabbitmq.secureUrl, tlsCa: certificate.cert }),
    aMessage({ routingKey: "nobody.listens" }),
  );
  const unknown = await failureOf(aBroker({ url: rabbitmq.secureUrl }).publish(aMessage()));

  expect(known).toBe(false);
  expect(unknown).toBeInstanceOf(ChannelDown);
});

test("a broker that hangs is given up in time, and used again when it is back", async () => {
  const broker = aBroker({ publishMs: 500 });
  await broker.publish(aMessage({ routingKey: "nobody.listens" }));
  const thaw = await rabbitmq.freeze();
  onTestFinished(thaw);

  const hung = await failureOf(broker.publish(aMessage()));
  thaw();
  const heard = await listen(aMessage());
  const message = aMessage();
  await expect.poll(() => failureOf(broker.publish(message)), { timeout: 15_000 }).toBeUndefined();

  expect(hung).toBeInstanceOf(ChannelDown);
  await expect.poll(() => heard, { timeout: 10_000 }).toContain(message.messageId);
});

test.each([
  ["was waited for too long", { publishMs: 1000, heartbeat: "" }],
  ["is known to hang", { publishMs: 30_000, heartbeat: "?heartbeat=1" }],
])(
  "what a broker that hangs has not received until it %s never comes there",
  async (_end, { publishMs, heartbeat }) => {
    const broker = aBroker({ url: `${rabbitmq.url}${heartbeat}`, publishMs });
    const heard = await listen(aMessage());
    await broker.publish(aMessage());
    // More than fits into what lies between us.
    const body = JSON.stringify("x".repeat(3900));
    const messages = Array.from({ length: 5000 }, () => aMessage({ body }));
    const thaw = await rabbitmq.freeze();
    onTestFinished(thaw);

    const outcomes = await Promise.all(messages.map((message) => failureOf(broker.publish(message))));
    thaw();
    const last = aMessage();
    await expect.poll(() => failureOf(broker.publish(last)), { timeout: 15_000 }).toBeUndefined();
    await expect.poll(() => heard, { timeout: 10_000 }).toContain(last.messageId);

    for (const outcome of outcomes) expect(outcome).toBeInstanceOf(ChannelDown);
    // What its machine had received it reads nevertheless.
    expect(heard.length).toBeLessThan(300);
  },
);

test("what was written to a broker that is short of memory is not told when it has some again", async () => {
  const broker = aBroker();
  const heard = await listen(aMessage());
  await broker.publish(aMessage());
  await rabbitmq.control("set_vm_memory_high_watermark", "0.0000001");
  onTestFinished(async () => {
    await rabbitmq.control("set_vm_memory_high_watermark", "0.6");
  });

  const began = performance.now();
  const burst = Array.from({ length: 20 }, () => aMessage());
  const outcomes = await Promise.all(burst.map((message) => failureOf(broker.publish(message))));
  const took = performance.now() - began;
  const meanwhile = await failureOf(broker.publish(aMessage()));
  // Long enough for it to be tried again.
  await sleep(6000);
  const again = await failureOf(broker.publish(aMessage()));
  await rabbitmq.control("set_vm_memory_high_watermark", "0.6");
  const last = aMessage();
  await expect.poll(() => failureOf(broker.publish(last)), { timeout: 15_000 }).toBeUndefined();
  await expect.poll(() => heard, { timeout: 10_000 }).toContain(last.messageId);

  // What else it has read would come from another of its connections.
  await sleep(500);
  for (const outcome of [...outcomes, meanwhile, again]) expect(outcome).toBeInstanceOf(ChannelDown);
  expect(String(outcomes[0])).toContain("short of memory or disk");
  expect(took).toBeLessThan(2000);
  expect(heard).toHaveLength(2);
});

test("a message that is given up before there was a connection is not sent when there is one", async () => {
  const proxy = await startTcpProxy({ host: "127.0.0.1", port: rabbitmq.port });
  onTestFinished(proxy.close);
  const heard = await listen(aMessage());
  const broker = aBroker({ url: `amqp://guest:guest@127.0.0.1:${proxy.port}`, publishMs: 1000 });
  // Saying hello takes several ways there and back.
  proxy.latency = 400;

  const givenUp = await failureOf(broker.publish(aMessage()));
  proxy.latency = 0;
  const last = aMessage();
  await expect.poll(() => failureOf(broker.publish(last)), { timeout: 15_000 }).toBeUndefined();
  await expect.poll(() => heard, { timeout: 10_000 }).toContain(last.messageId);

  expect(givenUp).toBeInstanceOf(ChannelDown);
  expect(heard).toEqual([last.messageId]);
});

test("a user who may not write to an exchange, or not declare it, is at fault, and no message", async () => {
  const url = rabbitmq.url.replace("guest:guest", "limited:secret");
  await rabbitmq.control("add_user", "limited", "secret");
  await rabbitmq.control("set_permissions", "limited", "^barong", "^barong.events.model$", ".*");
  const broker = aBroker({ url });
  await listen(aMessage());

  const unwritable = await failureOf(broker.publish(aMessage({ exchange: "barong.events.system" })));
  const undeclarable = await failureOf(broker.publish(aMessage({ exchange: "events" })));

  for (const fault of [unwritable, undeclarable]) expect(fault).toBeInstanceOf(DestinationDown);
  expect([unwritable, undeclarable].map(String)).toEqual([
    "DestinationDown: the exchange barong.events.system takes nothing (403)",
    "DestinationDown: the exchange events is refused (403): it may not be declared",
  ]);
  expect(await isHeard(broker, aMessage())).toBe(true);
});

test("name and password may be of all letters", async () => {
  const [name, password] = ["bärong", "пароль/€?%"];
  await rabbitmq.control("add_user", name, password);
  await rabbitmq.control("set_permissions", name, ".*", ".*", ".*");
  const identity = `${encodeURIComponent(name)}:${encodeURIComponent(password)}`;

  const broker = aBroker({ url: rabbitmq.url.replace("guest:guest", identity) });

  expect(await failureOf(broker.check())).toBeUndefined();
});

test("whether the broker knows us can be asked before there is a message", async () => {
  const stranger = aBroker({ url: rabbitmq.url.replace("guest:guest", "guest:s3cret") });

  const fault = await failureOf(stranger.check());

  expect(fault).toBeInstanceOf(ChannelDown);
  expect(String(fault)).toContain("it refuses the name or password");
});

test("a broker that was killed is used again when it is back, with the exchange declared anew", async () => {
  const broker = aBroker();
  await broker.publish(aMessage());

  await rabbitmq.kill();
  const down = await failureOf(broker.publish(aMessage()));
  await rabbitmq.restart();
  const heard = await listen(aMessage());
  const message = aMessage();
  await expect.poll(() => failureOf(broker.publish(message)), { timeout: 15_000 }).toBeUndefined();

  expect(down).toBeInstanceOf(ChannelDown);
  await expect.poll(() => heard, { timeout: 10_000 }).toContain(message.messageId);
});
