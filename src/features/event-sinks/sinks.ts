import type { Broker } from "../../ports/broker/broker.js";
import type { Webhook } from "../../ports/webhook/webhook.js";
import type { EventSink } from "../events/events.js";
import { nameMatcher } from "../events/rules.js";
import type { Courier } from "../outbox/outbox.js";
import { AMQP_CHANNEL, type AmqpCourierNeeds, createAmqpCourier } from "./amqp-courier.js";
import { createWebhookCourier, webhookChannel } from "./webhook-courier.js";

/** One of those who are told by HTTP. */
export interface NamedWebhook {
  readonly name: string;
  /** Names of events, or their beginnings with a `*`. */
  readonly events: readonly string[];
  readonly webhook: Webhook;
}

/** Those outside who are told of events; there may be none. */
export interface Listeners {
  readonly broker: Broker | undefined;
  readonly webhooks: readonly NamedWebhook[];
}

export const sinksOf = ({ broker, webhooks }: Listeners): EventSink[] => [
  ...(broker ? [{ channel: AMQP_CHANNEL, wants: () => true }] : []),
  ...webhooks.map(({ name, events }) => ({ channel: webhookChannel(name), wants: nameMatcher(events) })),
];

export const couriersOf = (
  { broker, webhooks }: Listeners,
  needs: Omit<AmqpCourierNeeds, "broker">,
): Courier[] => [
  ...(broker ? [createAmqpCourier({ broker, ...needs })] : []),
  ...webhooks.map(createWebhookCourier),
];
