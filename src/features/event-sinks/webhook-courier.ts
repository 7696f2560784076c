import type { Webhook } from "../../ports/webhook/webhook.js";
import type { Courier } from "../outbox/outbox.js";
import { toldIn } from "./told.js";

const LANES = 8;
const BATCH = 40;

export const webhookChannel = (name: string): string => `webhook:${name}`;

export interface WebhookCourierNeeds {
  readonly name: string;
  readonly webhook: Webhook;
}

/** Tells events to one address, each as JSON of its own. */
export const createWebhookCourier = ({ name, webhook }: WebhookCourierNeeds): Courier => ({
  channel: webhookChannel(name),
  lanes: LANES,
  batch: BATCH,
  async deliver(delivery) {
    const { id, name: type, at: timestamp, event: data } = toldIn(delivery);
    await webhook.post({ id, body: JSON.stringify({ id, type, timestamp, data }) });
  },
});
