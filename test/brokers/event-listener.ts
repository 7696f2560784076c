import { type ConsumeMessage, connect } from "amqplib";
import { onTestFinished } from "vitest";
import type { Parcel } from "../../src/features/outbox/outbox.js";
import { randomHex } from "../../src/platform/random.js";

/** An event as a listener gets it. */
export interface Heard {
  /** Whoever has heard it once drops it the next time. */
  readonly id: string;
  readonly account: number;
  readonly number: number;
}

/** Events of a name of their own, so that each test listens to its own at the same broker. */
export function someEvents(category = "model") {
  const routingKey = `user.test_${randomHex(6)}`;
  const name = `${category}.${routingKey}`;
  return {
    exchange: `barong.events.${category}`,
    routingKey,
    topic: name,
    /** So many of each account, which have their account and number in them. */
    of: (accounts: readonly number[], each: number): Parcel[] =>
      Array.from({ length: each }, (_, number) =>
        accounts.map(
          (accountId): Parcel => ({
            channel: "amqp",
            topic: name,
            accountId,
            payload: { name, at: "2026-11-26T12:00:00.000Z", event: { account: accountId, number } },
          }),
        ),
      ).flat(),
  };
}

/** Declares the exchange as listeners of Barong 2 do, and a queue that survives the broker's end. */
export async function listen(
  url: string,
  { exchange, routingKey }: { readonly exchange: string; readonly routingKey: string },
  queue = {},
) {
  const heard: Heard[] = [];
  let watch = (): void => {};

  async function bind() {
    const connection = await connect(url);
    // The broker may be killed with it.
    connection.on("error", () => {});
    const channel = await connection.createChannel();
    channel.on("error", () => {});
    await channel.assertExchange(exchange, "direct", { durable: false, autoDelete: false });
    await channel.assertQueue(routingKey, { durable: true, ...queue });
    await channel.bindQueue(routingKey, exchange, routingKey);
    return { connection, channel };
  }

  let bound = await bind();
  onTestFinished(() => bound.connection.close().catch(() => {}));
  const take = (message: ConsumeMessage | null): void => {
    if (message === null) return;
    heard.push(heardIn(message));
    bound.channel.ack(message);
    watch();
  };
  return {
    heard,
    /** Begins to take what is in the queue. */
    consume: () => bound.channel.consume(routingKey, take),
    /** After the broker was restarted: it has forgotten the exchange. */
    async bindAgain() {
      bound = await bind();
    },
    onHeard(watcher: () => void) {
      watch = watcher;
    },
    /** What is left when copies are dropped, by account. */
    numbersOf(account: number): number[] {
      const own = heard.filter((each) => each.account === account);
      const first = own.filter(({ id }, at) => own.findIndex((other) => other.id === id) === at);
      return first.map(({ number }) => number);
    },
    /** How many were heard again. */
    copies: () => heard.length - new Set(heard.map(({ id }) => id)).size,
  };
}

function heardIn({ content, properties }: ConsumeMessage): Heard {
  const { payload } = JSON.parse(content.toString("utf8"));
  const { jti, event } = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  if (jti !== properties.messageId) throw new Error("the message has two names");
  return { id: jti, account: event.account, number: event.number };
}
