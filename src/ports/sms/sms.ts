/** One SMS to one person. */
export interface SmsMessage {
  /** `+` and digits, country code first. */
  readonly to: string;
  readonly text: string;
  /** The code in the text, for the development mailbox. */
  readonly code?: string;
}

/** Hands SMS to whoever delivers them. */
export interface SmsSender {
  /**
   * Resolves once the other side has taken responsibility for the SMS. Throws {@link SmsRefused} or {@link SmsUnavailable},
   * within ten seconds and when the call being served ends.
   */
  send(message: SmsMessage): Promise<void>;
  close(): Promise<void>;
}

/** The vendor does not deliver to this number, and will not later. Fit for logs: neither number nor text. */
export class SmsRefused extends Error {
  override name = "SmsRefused";
  /** How the vendor calls it. */
  readonly code: string;

  constructor(code: string) {
    super(`the SMS vendor does not deliver to this number (${code})`);
    this.code = code;
  }
}

/** The vendor cannot be reached, does not answer in time, or does not serve us at present. Fit for logs. */
export class SmsUnavailable extends Error {
  override name = "SmsUnavailable";
  /** What went wrong, in a word. */
  readonly code: string;

  constructor(code: string) {
    super(`the SMS vendor did not take an SMS (${code})`);
    this.code = code;
  }
}
