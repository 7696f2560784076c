/** One mail to one person. */
export interface MailMessage {
  /** Names the mail for ever: sending it again after a crash carries the same Message-ID. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** What the mail is about, such as `confirmation`. */
  readonly topic: string;
  /** The one-time token in the mail, for the development mailbox; never sent as a header. */
  readonly token?: string;
  /** The code in the mail, for the development mailbox. */
  readonly code?: string;
}

/** How long one mail may take: a server that has all of it may think for ten minutes, as RFC 5321 4.5.3.2.6 has it. */
export const LONGEST_SENDING_SECONDS = 720;

/** Hands mails to whoever delivers them. */
export interface Mailer {
  /**
   * Resolves once the other side has taken responsibility for the mail. Throws {@link MailRefused}. Settles within
   * LONGEST_SENDING_SECONDS, for whoever claimed the mail loses it to another worker later on.
   */
  send(message: MailMessage): Promise<void>;
  close(): Promise<void>;
}

/** A mail was not taken. Its message is fit for logs: no address, no text of the mail. */
export class MailRefused extends Error {
  override name = "MailRefused";
  /** Whether the same mail would be refused again, such as for an address that does not exist. */
  readonly permanent: boolean;
  /** Whether there was no answer at all, so that no other mail would be taken now. */
  readonly unreachable: boolean;

  constructor(
    message: string,
    { permanent, unreachable = false, cause }: { permanent: boolean; unreachable?: boolean; cause?: unknown },
  ) {
    super(message, { cause });
    this.permanent = permanent;
    this.unreachable = unreachable;
  }
}
