import { createTransport } from "nodemailer";
import { sendsPasswordAbroad } from "../../platform/mail-config.js";
import { type Mailer, type MailMessage, MailRefused } from "./mail.js";
import { refusalBy, wasAnswered } from "./smtp-answers.js";

export interface SmtpSettings {
  /** `smtp://user:password@host:587` or `smtps://…`; options in its query are nodemailer's and come before those here. */
  readonly url: string;
  /** `Barong <noreply@example.com>` or a bare address. */
  readonly from: string;
  /** STARTTLS always; when the server offers it, and always when a password goes to another machine; never. */
  readonly tls?: "required" | "opportunistic" | "none";
  /** The authorities that may have signed the server's certificate, as PEM; those that Node.js knows unless given. */
  readonly tlsCa?: string | undefined;
  readonly connections?: number;
  readonly messagesPerConnection?: number;
  /** How long connecting may take, and how long the server may be silent before it has greeted. */
  readonly timeoutMs?: number;
  /** How long one mail may take altogether. Servers that filter think for long before they take a mail. */
  readonly sendTimeoutMs?: number;
}

/** Sends by SMTP over a few connections that are kept open. */
export function createSmtpMailer(settings: SmtpSettings): Mailer {
  const { url, from, tls = "opportunistic", tlsCa, timeoutMs = 10_000, sendTimeoutMs = 40_000 } = settings;
  const domain = domainOf(from);
  const transport = createTransport({
    pool: true,
    url,
    maxConnections: settings.connections ?? 4,
    maxMessages: settings.messagesPerConnection ?? 100,
    requireTLS: tls === "required" || sendsPasswordAbroad(url),
    ignoreTLS: tls === "none",
    ...(tlsCa !== undefined && { tls: { ca: tlsCa } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    socketTimeout: sendTimeoutMs,
    // The outbox repeats. One immediate repeat covers a kept connection which the server has closed meanwhile.
    maxRequeues: 1,
  });

  return {
    async send(message) {
      refuseUnsendable(message);
      try {
        await transport.sendMail({
          from,
          // As an object it is one address, however many commas it has.
          to: { name: "", address: message.to },
          subject: message.subject,
          text: message.text,
          html: message.html,
          messageId: `<${message.id}@${domain}>`,
          // Asks holiday responders not to answer.
          headers: { "Auto-Submitted": "auto-generated" },
          disableFileAccess: true,
          disableUrlAccess: true,
          signal: AbortSignal.timeout(sendTimeoutMs),
        });
      } catch (fault) {
        // A connection that breaks may be the server's end, or what it makes of this mail: only the former holds up the others.
        throw refusalBy(fault, { isThere: wasAnswered(fault) || (await isThere()) });
      }
    },

    async close() {
      transport.close();
    },
  };

  /** Whether the server takes a connection and lets us in. */
  async function isThere(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), timeoutMs);
    });
    const answer = transport.verify().then(
      () => true,
      () => false,
    );
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }
}

/** A mail that could carry a header of its own, or reach a second person, is never handed on. */
function refuseUnsendable({ id, to, subject }: MailMessage): void {
  const refuse = (what: string) => {
    throw new MailRefused(`the mail has an unusable ${what}`, { permanent: true });
  };
  if (!/^[A-Za-z0-9._-]{1,100}$/.test(id)) refuse("id");
  if (!/^[^\s\p{Cc}<>,;:"@]+@[^\s\p{Cc}<>,;:"@]+$/u.test(to)) refuse("address");
  if (/\p{Cc}/u.test(subject)) refuse("subject");
}

function domainOf(from: string): string {
  const [, domain] = /@([A-Za-z0-9.-]+)>?\s*$/.exec(from) ?? [];
  if (domain === undefined) throw new Error(`MAIL_FROM must be an address or "Name <address>", not ${from}`);
  return domain;
}
