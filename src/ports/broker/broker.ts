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

/** What became of a message with which the broker has dealt. */
export interface Receipt {
  /** Whether somebody listened; else it is gone. */
  readonly isHeard: boolean;
  /** How long the connection was there by then: the broker, and with it those who listen, may have started again just before. */
  readonly connectedMs: number;
}

/** Hands messages to whoever listens. */
export interface Broker {
  /** Connects, so that the first message need not; rejects with `ChannelDown`. It is tried again for as long as it takes in any case. */
  check(): Promise<void>;
  /**
   * Rejects with `ChannelDown` when no broker answers, with `DestinationDown` when it does not take messages for this exchange, and with
   * `DeliveryRefused` when it does not take this message.
   */
  publish(message: Publication): Promise<Receipt>;
  close(): Promise<void>;
}
