import { connect } from "amqplib";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { uuid } from "../../src/platform/random.js";
import { createAmqpBroker } from "../../src/ports/broker/amqp-broker.js";
import type { Broker, Publication } from "../../src/ports/broker/broker.js";
import { ChannelDown, DeliveryRefused } from "../../src/ports/delivery.js";
import { selfMadeCertificate } from "../support/certificate.js";
import { startedRabbitmq } from "../support/rabbitmq.js";

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

test("a message is confirmed, and told apart from one for which nobody listens", async () => {
  const broker = aBroker();
  const heard = await listen(aMessage());
  const message = aMessage();

  expect(await broker.publish(message)).toBe(true);
  expect(await broker.publish(aMessage({ routingKey: "nobody.listens" }))).toBe(false);
  await expect.poll(() => heard).toEqual([message.messageId]);
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
  await expect.poll(() => new Set(heard)).toEqual(new Set(good.map(({ messageId }) => messageId)));
});

test("an exchange that somebody has declared otherwise is refused until it is gone; others work meanwhile", async () => {
  const connection = await connect(rabbitmq.url);
  const channel = await connection.createChannel();
  await channel.assertExchange("barong.events.odd", "direct", { durable: true });
  const broker = aBroker();
  await listen(aMessage());

  const refusal = await failureOf(broker.publish(aMessage({ exchange: "barong.events.odd" })));
  const other = await broker.publish(aMessage());
  await channel.deleteExchange("barong.events.odd");
  const later = await broker.publish(aMessage({ exchange: "barong.events.odd" }));
  await connection.close();

  expect(refusal).toBeInstanceOf(DeliveryRefused);
  expect(refusal).toMatchObject({ permanent: false, message: expect.stringContaining("other flags") });
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
  const known = await aBroker({ url: rabbitmq.secureUrl, tlsCa: certificate.cert }).publish(
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
  const later = await broker.publish(message);

  expect(hung).toBeInstanceOf(ChannelDown);
  expect(later).toBe(true);
  await expect.poll(() => heard).toContain(message.messageId);
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
  await expect.poll(() => heard).toContain(message.messageId);
});
