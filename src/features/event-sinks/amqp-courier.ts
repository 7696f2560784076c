import type { Clock } from "../../platform/clock.js";
import type { Logger } from "../../platform/logger.js";
import type { Broker } from "../../ports/broker/broker.js";
import { DestinationDown } from "../../ports/delivery.js";
import type { Courier } from "../outbox/outbox.js";
import { createAbsences } from "./absences.js";
import type { Envelopes } from "./envelope.js";
import { toldIn } from "./told.js";
import { createUnroutable } from "./unroutable.js";

export const AMQP_CHANNEL = "amqp";

/** Enough to keep the line busy while confirmations are on their way. */
const LANES = 64;
const BATCH = 200;

/** How soon an event is tried again for listeners that may be starting. */
const RETRY_SECONDS = 5;

export interface AmqpCourierNeeds {
  readonly broker: Broker;
  readonly envelope: Envelopes;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Tells events to the broker as Barong 2 does: the first word of the name chooses the exchange, the rest is the routing key. What nobody
 * listens for is dropped there, as it always was, but not while listeners may be starting.
 */
export function createAmqpCourier({ broker, envelope, clock, logger }: AmqpCourierNeeds): Courier {
  const unroutable = createUnroutable({ clock, logger });
  const absences = createAbsences(clock);

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
      const { isHeard, connectedMs } = await broker.publish({ ...address, messageId: told.id, body });
      if (isHeard) return absences.heard(told.name);
      if (absences.mayEnd(told.name, connectedMs))
        throw new DestinationDown(`nobody listens at present for ${told.name}`, {
          retrySeconds: RETRY_SECONDS,
        });
      unroutable.note(address);
    },
  };
}
