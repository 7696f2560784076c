import type { Clock } from "../../platform/clock.js";
import { uuid } from "../../platform/random.js";
import type { SmsMessage } from "../sms/sms.js";
import type { Mailer } from "./mail.js";

/** What the development mailbox shows of one mail or SMS. */
export interface MailboxEntry {
  readonly id: string;
  readonly kind: "mail" | "sms";
  readonly to: string;
  /** Empty for an SMS. */
  readonly subject: string;
  readonly text: string;
  readonly token?: string;
  readonly code?: string;
  /** ISO 8601 in UTC with milliseconds. */
  readonly at: string;
}

export interface Mailbox extends Mailer {
  sendSms(message: Omit<SmsMessage, "id">): Promise<void>;
  /** Newest first. */
  list(): MailboxEntry[];
}

const CAPACITY = 500;

/**
 * Stands in for mail server and SMS provider in development: keeps the newest 500 messages instead of sending them.
 *
 * They are in memory only. On disk, usable one-time tokens would outlive the server and end up in somebody's backup.
 */
export function createMailbox(clock: Clock): Mailbox {
  const entries: MailboxEntry[] = [];
  const keep = (entry: MailboxEntry) => {
    entries.unshift(entry);
    entries.length = Math.min(entries.length, CAPACITY);
  };

  return {
    async send({ id, to, subject, text, token, code }) {
      keep({ id, kind: "mail", to, subject, text, ...given({ token, code }), at: clock().toISOString() });
    },
    async sendSms({ to, text, code }) {
      keep({ id: uuid(), kind: "sms", to, subject: "", text, ...given({ code }), at: clock().toISOString() });
    },
    list: () => [...entries],
    async close() {
      entries.length = 0;
    },
  };
}

const given = ({ token, code }: { token?: string | undefined; code?: string | undefined }) => ({
  ...(token === undefined ? {} : { token }),
  ...(code === undefined ? {} : { code }),
});
