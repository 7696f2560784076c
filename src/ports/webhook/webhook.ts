/** A signed request about something that happened. */
export interface WebhookRequest {
  /** The same whenever the same is told again. */
  readonly id: string;
  /** JSON. */
  readonly body: string;
}

/** One address that is told of events. */
export interface Webhook {
  /** Resolves when it was taken. Rejects with `ChannelDown` when nobody answers there, else with `DeliveryRefused`. */
  post(request: WebhookRequest): Promise<void>;
}
