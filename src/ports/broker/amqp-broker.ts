import { ChannelDown, DeliveryRefused } from "../delivery.js";
import { AmqpChannel, ClosedByBroker } from "./amqp-channel.js";
import { AmqpConnection, type AmqpConnectionSettings } from "./amqp-connection.js";
import type { Broker, Publication } from "./broker.js";

export interface AmqpBrokerSettings extends AmqpConnectionSettings {
  /** How long the broker may take for a message, until it is known to be there; 20 s unless given. */
  readonly publishMs?: number;
}

/** What the same message would be answered again: it is too long, or has something that the broker does not know. */
const ABOUT_THE_MESSAGE = [311, 406];

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
  async function publishAlone(message: Publication): Promise<boolean> {
    const channel = await open();
    try {
      return await channel.publish(message);
    } catch (fault) {
      if (!(fault instanceof ClosedByBroker)) throw fault;
      const permanent = ABOUT_THE_MESSAGE.includes(fault.code);
      throw new DeliveryRefused(`the broker refuses it (${fault.code})`, { permanent, cause: fault });
    } finally {
      await channel.close();
    }
  }

  async function publish(message: Publication): Promise<boolean> {
    const channel = await sharedChannel();
    try {
      return await channel.publish(message);
    } catch (fault) {
      if (!(fault instanceof ClosedByBroker)) throw fault;
      return publishAlone(message);
    }
  }

  return {
    async publish(message) {
      let giveUp: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_resolve, reject) => {
        giveUp = setTimeout(() => reject(new ChannelDown("the broker does not answer")), publishMs);
      });
      try {
        return await Promise.race([publish(message), late]);
      } finally {
        clearTimeout(giveUp);
      }
    },

    close: () => connection.close(),
  };
}
