import type { ChannelModel, ConfirmChannel } from "amqplib";
import { ChannelDown, DeliveryRefused, DestinationDown } from "../delivery.js";
import type { Publication } from "./broker.js";

/** The broker has closed a channel because of something that was published on it. */
export class ClosedByBroker extends Error {
  override name = "ClosedByBroker";

  constructor(readonly code: number) {
    super(`the broker has closed the channel (${code})`);
  }
}

/** The flags that listeners of Barong 2 declare: others would close their channels, or ours. */
const FLAGS = { durable: false, autoDelete: false, internal: false };

/** A channel on which the broker confirms each message. It is of no use any more once it was closed. */
export class AmqpChannel {
  readonly #connection: ChannelModel;
  readonly #channel: ConfirmChannel;
  readonly #declared = new Map<string, Promise<void>>();
  /** Ids of messages that came back because nobody listens. */
  readonly #returned = new Set<string>();
  #closure: ClosedByBroker | ChannelDown | undefined;

  static async open(connection: ChannelModel): Promise<AmqpChannel> {
    try {
      return new AmqpChannel(connection, await connection.createConfirmChannel());
    } catch (cause) {
      throw lost(cause);
    }
  }

  private constructor(connection: ChannelModel, channel: ConfirmChannel) {
    this.#connection = connection;
    this.#channel = channel;
    channel.on("error", (fault: Error) => {
      this.#closure ??= new ClosedByBroker(codeOf(fault));
    });
    channel.on("close", () => {
      this.#closure ??= lost(undefined);
    });
    channel.on("return", ({ properties }) => void this.#returned.add(String(properties.messageId)));
  }

  get isClosed(): boolean {
    return this.#closure !== undefined;
  }

  /**
   * Answers whether somebody listens. Throws ChannelDown, DestinationDown, DeliveryRefused, and ClosedByBroker when this or another message
   * on the channel was one too much. Nothing is sent once the signal is aborted.
   */
  async publish(message: Publication, signal: AbortSignal): Promise<boolean> {
    await this.#declare(message.exchange);
    signal.throwIfAborted();
    await this.#confirmed(message);
    // A message comes back before it is confirmed.
    return !this.#returned.delete(message.messageId);
  }

  async close(): Promise<void> {
    await this.#channel.close().catch(() => undefined);
  }

  #confirmed({ exchange, routingKey, messageId, body }: Publication): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (fault: unknown) => {
        if (!fault) return resolve();
        reject(this.#closure ?? this.#faultOf(fault));
      };
      const options = { mandatory: true, persistent: true, contentType: "application/json", messageId };
      try {
        this.#channel.publish(exchange, routingKey, Buffer.from(body), options, settle);
      } catch (fault) {
        settle(fault);
      }
    });
  }

  #faultOf(fault: unknown): Error {
    return fault instanceof Error && fault.message === "message nacked"
      ? new DeliveryRefused("the broker could not take it", { permanent: false })
      : lost(fault);
  }

  /** On a channel of its own, so that a refusal is about nothing else. */
  #declare(exchange: string): Promise<void> {
    const known = this.#declared.get(exchange);
    if (known) return known;
    const declaring = declare(this.#connection, exchange);
    this.#declared.set(exchange, declaring);
    // To be tried again: the other exchange of that name may be gone by then.
    declaring.catch(() => this.#declared.delete(exchange));
    return declaring;
  }
}

async function declare(connection: ChannelModel, exchange: string): Promise<void> {
  let refusal: Error | undefined;
  try {
    const channel = await connection.createChannel();
    channel.on("error", (fault: Error) => {
      refusal = fault;
    });
    await channel.assertExchange(exchange, "direct", FLAGS);
    await channel.close();
  } catch (cause) {
    if (refusal === undefined) throw lost(cause);
    const code = codeOf(refusal);
    const why = code === 406 ? "it exists with other flags" : "it may not be declared";
    throw new DestinationDown(`the exchange ${exchange} is refused (${code}): ${why}`);
  }
}

const codeOf = (fault: Error): number => Number(Reflect.get(fault, "code")) || 0;

const lost = (cause: unknown): ChannelDown =>
  new ChannelDown("the connection to the broker was lost", { cause });
