/** Why something did not leave the house. Messages of all are fit for logs: no address, no number, no text. */

/** The other side did not take a delivery. */
export class DeliveryRefused extends Error {
  override name = "DeliveryRefused";
  /** Whether the same would be refused again. */
  readonly permanent: boolean;
  /** How long it wants to be left alone; undefined when it did not say. */
  readonly retrySeconds: number | undefined;

  constructor(
    message: string,
    {
      permanent,
      retrySeconds,
      cause,
    }: { permanent: boolean; retrySeconds?: number | undefined; cause?: unknown },
  ) {
    super(message, { cause });
    this.permanent = permanent;
    this.retrySeconds = retrySeconds;
  }
}

/** It has become of no use since it was written, and was not sent: the message is the reason, in a word. */
export class DeliveryDropped extends Error {
  override name = "DeliveryDropped";
}

/** Where this one goes nothing is taken at present, while other places may take theirs: it is nobody's fault that waits. */
export class DestinationDown extends Error {
  override name = "DestinationDown";
  /** When another try is worth it; undefined when nobody can tell. */
  readonly retrySeconds: number | undefined;

  constructor(message: string, { retrySeconds, cause }: { retrySeconds?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.retrySeconds = retrySeconds;
  }
}

/** The other side cannot be reached, whatever is to be delivered: it is nobody's fault that waits. */
export class ChannelDown extends Error {
  override name = "ChannelDown";

  constructor(message: string, { cause }: { cause?: unknown } = {}) {
    super(message, { cause });
  }
}
