/** One SMS to one person. */
export interface SmsMessage {
  /** The same whenever the same SMS is sent again, so that a vendor can drop the copy. */
  readonly id: string;
  /** `+` and digits, country code first. */
  readonly to: string;
  readonly text: string;
  /** The code in the text, for the development mailbox. */
  readonly code?: string;
  /** Somebody else has codes texted to the same number: a vendor with codes of its own gives both the same, and the same bounds. */
  readonly isContested?: boolean;
}

/** How long a vendor may take for one SMS. */
export const LONGEST_SENDING_SECONDS = 10;

/** One vendor of SMS. */
export interface SmsProvider {
  /** How settings call it. */
  readonly name: string;
  /**
   * Resolves once the other side has taken responsibility for the SMS. Throws {@link SmsRefused} or {@link SmsUnavailable},
   * within LONGEST_SENDING_SECONDS.
   */
  send(message: SmsMessage): Promise<void>;
  /**
   * Present where the vendor does not text what it is given, but a code of its own: whether this is the one, and it was not used
   * before. Throws {@link SmsCheckBarred} or {@link SmsUnavailable}, within five seconds and when the call being served ends.
   */
  check?(to: string, code: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Hands SMS to the first of the vendors that takes them. */
export interface SmsSender {
  /** How long all vendors may take for one SMS. */
  readonly longestSeconds: number;
  /**
   * Asks one vendor after the other until one has taken the SMS; those that failed a moment ago are passed over. `onWay` is waited for
   * before each vendor that knows another code than the one before: with its name when the code will be its own, with null when it is
   * that of the text. Throws {@link SmsRefused} when every vendor refuses the number, else {@link SmsUnavailable}. To a number that is
   * contested, vendors with codes of their own come last.
   */
  send(message: SmsMessage, onWay: (codeOf: string | null) => Promise<void>): Promise<void>;
  /** Asks a vendor by its name whether a code is the one it texted. Throws {@link SmsCheckBarred} or {@link SmsUnavailable}. */
  check(provider: string, to: string, code: string): Promise<boolean>;
  close(): Promise<void>;
}

/** The vendor does not deliver to this number, and will not later. Fit for logs: neither number nor text. */
export class SmsRefused extends Error {
  override name = "SmsRefused";
  /** How the vendor calls it. */
  readonly code: string;
  /** Nobody else shall be asked: it was blocked against fraud, or its owner wants no SMS. */
  readonly isFinal: boolean;

  constructor(code: string, { isFinal = false } = {}) {
    super(`no SMS vendor delivers to this number (${code})`);
    this.code = code;
    this.isFinal = isFinal;
  }
}

/** The vendor cannot be reached, does not answer in time, or does not serve us at present. Fit for logs. */
export class SmsUnavailable extends Error {
  override name = "SmsUnavailable";
  /** What went wrong, in a word. */
  readonly code: string;
  /** Whether another SMS would have fared the same. */
  readonly isDown: boolean;

  constructor(code: string, { isDown = true }: { readonly isDown?: boolean } = {}) {
    super(`the SMS vendor did not take an SMS (${code})`);
    this.code = code;
    this.isDown = isDown;
  }
}

/** For some minutes the vendor looks at no code for this number, whoever has it: too many were wrong. It has not looked at this one. */
export class SmsCheckBarred extends Error {
  override name = "SmsCheckBarred";

  constructor() {
    super("the SMS vendor looks at no more codes for this number");
  }
}
