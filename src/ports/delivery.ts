/** Why something did not leave the house. Messages of both are fit for logs: no address, no number, no text. */

/** The other side did not take a delivery. */
export class DeliveryRefused extends Error {
  override name = "DeliveryRefused";
  /** Whether the same would be refused again. */
  readonly permanent: boolean;

  constructor(message: string, { permanent, cause }: { permanent: boolean; cause?: unknown }) {
    super(message, { cause });
    this.permanent = permanent;
  }
}

/** The other side cannot be reached, whatever is to be delivered: it is nobody's fault that waits. */
export class ChannelDown extends Error {
  override name = "ChannelDown";

  constructor(message: string, { cause }: { cause?: unknown } = {}) {
    super(message, { cause });
  }
}
