import type { Clock } from "../../platform/clock.js";
import type { Logger } from "../../platform/logger.js";
import type { Broker } from "../../ports/broker/broker.js";
import { DeliveryRefused } from "../../ports/delivery.js";
import type { Courier } from "../outbox/outbox.js";
import type { Envelopes } from "./envelope.js";
import { toldIn } from "./told.js";
import { createUnroutable } from "./unroutable.js";

export const AMQP_CHANNEL = "amqp";

/** Enough to keep the line busy while confirmations are on their way. */
const LANES = 64;
const BATCH = 200;

/** How often an event is tried for listeners that were there before: their queues are gone while they or the broker start again. */
const PATIENCE_ATTEMPTS = 4;

export interface AmqpCourierNeeds {
  readonly broker: Broker;
  readonly envelope: Envelopes;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Tells events to the broker as Barong 2 does: the first word of the name chooses the exchange, the rest is the routing key. What nobody
 * listens for is dropped there, as it always was.
 */
export function createAmqpCourier({ broker, envelope, clock, logger }: AmqpCourierNeeds): Courier {
  const unroutable = createUnroutable({ clock, logger });
  const listenedFor = new Set<string>();

  return {
    channel: AMQP_CHANNEL,
    lanes: LANES,
    batch: BATCH,

    async deliver(delivery) {
      const told = toldIn(delivery);
      const [category = "", ...rest] = told.name.split(".");
      const address = { exchange: `barong.events.${category}`, routingKey: rest.join(".") };
      // Signed now, since it is good for a minute only.
      const body = await envelope(told);
      const isHeard = await broker.publish({ ...address, messageId: told.id, body });
      if (isHeard) listenedFor.add(told.name);
      else if (listenedFor.has(told.name) && delivery.attempts < PATIENCE_ATTEMPTS)
        throw new DeliveryRefused("nobody listens at present", { permanent: false });
      else unroutable.note(address);
    },
  };
}
