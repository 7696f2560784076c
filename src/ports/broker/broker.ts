/** A message on its way to those who listen at the broker. */
export interface Publication {
  /** Of the kind that listeners of Barong 2 declare: direct, and neither durable nor deleted by itself. */
  readonly exchange: string;
  readonly routingKey: string;
  /** The same whenever the same is published again. */
  readonly messageId: string;
  /** JSON. */
  readonly body: string;
}

/** Hands messages to whoever listens. */
export interface Broker {
  /**
   * Answers whether somebody listened, once the broker has dealt with the message; where nobody does it is gone. Rejects with
   * `ChannelDown` when no broker answers, and with `DeliveryRefused` when it does not take this message.
   */
  publish(message: Publication): Promise<boolean>;
  close(): Promise<void>;
}
