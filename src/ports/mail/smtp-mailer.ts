import { createTransport } from "nodemailer";
import SMTPPool from "nodemailer/lib/smtp-pool";
import { sendsPasswordAbroad } from "../../platform/mail-config.js";
import { type Mailer, type MailMessage, MailRefused } from "./mail.js";
import { refusalBy, wasAnswered } from "./smtp-answers.js";
import { needsUtf8, offersUtf8 } from "./smtp-utf8.js";

export interface SmtpSettings {
  /** `smtp://user:password@host:587` or `smtps://…`; options in its query are nodemailer's, and were looked at when it was read. */
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
  /** How long it may take until the server has all of a mail. Given up then, it cannot have been taken. */
  readonly sendTimeoutMs?: number;
  /** How long the server may think then, before it says whether it takes the mail. */
  readonly answerTimeoutMs?: number;
}

/** Sends by SMTP over a few connections that are kept open. */
export function createSmtpMailer(settings: SmtpSettings): Mailer {
  const { url, from, tls = "opportunistic", tlsCa, timeoutMs = 10_000 } = settings;
  const { sendTimeoutMs = 40_000, answerTimeoutMs = 600_000 } = settings;
  const domain = domainOf(from);
  const pool = new SMTPPool({
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
    socketTimeout: answerTimeoutMs,
    // The outbox repeats. One immediate repeat covers a kept connection which the server has closed meanwhile.
    maxRequeues: 1,
  });
  const transport = createTransport(pool);
  const deadlines = new WeakMap<AbortSignal, Deadline>();
  transport.use("stream", ({ message, data: { signal } }, done) => {
    message.processFunc((whole) =>
      whole.once("end", () => signal && deadlines.get(signal)?.after(answerTimeoutMs)),
    );
    done();
  });

  return {
    async send(message) {
      refuseUnsendable(message);
      const deadline = new Deadline();
      deadlines.set(deadline.signal, deadline);
      deadline.after(sendTimeoutMs);
      const isInternational = needsUtf8(message.to);
      try {
        if (isInternational) await refuseWithoutUtf8(deadline.signal);
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
          signal: deadline.signal,
        });
      } catch (fault) {
        if (fault instanceof MailRefused) throw fault;
        // A connection that breaks may be the server's end, or what it makes of this mail: only the former holds up the others.
        const isAnswering = wasAnswered(fault) || (await isThere());
        throw refusalBy(fault, { isThere: isAnswering, needsUtf8: isInternational });
      } finally {
        deadline.never();
      }
    },

    async close() {
      // Whoever closes has waited as long as he could.
      transport.close({ force: true });
    },
  };

  /** Servers take the bytes of such an address for anything, and lose the mail. */
  async function refuseWithoutUtf8(signal: AbortSignal): Promise<void> {
    if ((await offersUtf8(pool.options, signal)) === false)
      throw new MailRefused("the mail server takes ASCII addresses alone (no SMTPUTF8)", { permanent: true });
  }

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

/** A moment that can be moved. */
class Deadline {
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  readonly signal = this.#abort.signal;

  after(milliseconds: number): void {
    this.never();
    this.#timer = setTimeout(() => this.#abort.abort(), milliseconds);
  }

  never(): void {
    clearTimeout(this.#timer);
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
