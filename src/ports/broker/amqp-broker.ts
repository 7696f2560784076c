import { ChannelDown, DeliveryRefused, DestinationDown } from "../delivery.js";
import { AmqpChannel, ClosedByBroker } from "./amqp-channel.js";
import { AmqpConnection, type AmqpConnectionSettings } from "./amqp-connection.js";
import type { Broker, Publication } from "./broker.js";

export interface AmqpBrokerSettings extends AmqpConnectionSettings {
  /** How long the broker may take for a message, until it is known to be there; 20 s unless given. */
  readonly publishMs?: number;
}

/** What the same message would be answered again: it is too long, or has something that the broker does not know. */
const ABOUT_THE_MESSAGE = [311, 406];
/** We may not write there, or it was deleted meanwhile. */
const ABOUT_THE_EXCHANGE = [403, 404];

/** RabbitMQ, or whoever else speaks AMQP 0-9-1. */
export function createAmqpBroker(settings: AmqpBrokerSettings): Broker {
  const { publishMs = 20_000 } = settings;
  const connection = new AmqpConnection(settings);
  let shared: Promise<AmqpChannel> | undefined;

  async function open(): Promise<AmqpChannel> {
    return AmqpChannel.open(await connection.current());
  }

  async function sharedChannel(): Promise<AmqpChannel> {
    // Also asks whether the broker takes anything at present.
    await connection.current();
    const known = shared;
    const channel = await known?.catch(() => undefined);
    if (channel && !channel.isClosed) return channel;
    // Of many who find it closed, the first opens the next.
    if (shared === known) shared = open();
    return shared ?? open();
  }

  /** Of several on one channel nobody knows which it was that the broker did not like. */
  async function publishAlone(message: Publication, signal: AbortSignal): Promise<boolean> {
    const channel = await open();
    try {
      return await channel.publish(message, signal);
    } catch (fault) {
      throw fault instanceof ClosedByBroker ? refusalOf(message, fault) : fault;
    } finally {
      await channel.close();
    }
  }

  async function publish(message: Publication, signal: AbortSignal): Promise<boolean> {
    const channel = await sharedChannel();
    try {
      return await channel.publish(message, signal);
    } catch (fault) {
      if (!(fault instanceof ClosedByBroker)) throw fault;
      return publishAlone(message, signal);
    }
  }

  /** What was not sent by then is not sent any more, and what the broker has not read by then it reads no more. */
  function giveUp(publication: AbortController): void {
    publication.abort(new ChannelDown("the broker does not answer"));
    connection.breakOff();
  }

  return {
    async check() {
      await connection.current();
    },

    async publish(message) {
      const publication = new AbortController();
      const { signal } = publication;
      const late = new Promise<never>((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
      const timer = setTimeout(giveUp, publishMs, publication);
      try {
        const isHeard = await Promise.race([publish(message, signal), late]);
        return { isHeard, connectedMs: connection.ageMs };
      } catch (fault) {
        if (fault instanceof ChannelDown) connection.throwIfBlocked();
        throw fault;
      } finally {
        clearTimeout(timer);
      }
    },

    close: () => connection.close(),
  };
}

function refusalOf({ exchange }: Publication, fault: ClosedByBroker): Error {
  const { code } = fault;
  if (ABOUT_THE_EXCHANGE.includes(code))
    return new DestinationDown(`the exchange ${exchange} takes nothing (${code})`, { cause: fault });
  const permanent = ABOUT_THE_MESSAGE.includes(code);
  return new DeliveryRefused(`the broker refuses it (${code})`, { permanent, cause: fault });
}
