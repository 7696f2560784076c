import { createTransport } from "nodemailer";
import { type Mailer, type MailMessage, MailRefused } from "./mail.js";

export interface SmtpSettings {
  /** `smtp://user:password@host:587?requireTLS=true` or `smtps://…`; the options are nodemailer's. */
  readonly url: string;
  /** `Barong <noreply@example.com>` or a bare address. */
  readonly from: string;
  /** How long the server may be silent at any step. */
  readonly timeoutMs?: number;
  /** How long one mail may take altogether, a slow trickle of answers included. */
  readonly sendTimeoutMs?: number;
}

/** Sends by SMTP over a few connections that are kept open. */
export function createSmtpMailer(settings: SmtpSettings): Mailer {
  const { url, from, timeoutMs = 10_000, sendTimeoutMs = 45_000 } = settings;
  const domain = domainOf(from);
  const transport = createTransport({
    pool: true,
    url,
    requireTLS: sendsPasswordAbroad(url),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
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
        throw refusalOf(fault);
      }
    },

    async close() {
      transport.close();
    },
  };
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

/** Without this, whoever sits between us and the server could strip STARTTLS and read the password. */
function sendsPasswordAbroad(url: string): boolean {
  const { password, hostname } = new URL(url);
  return password !== "" && !["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}

function domainOf(from: string): string {
  const [, domain] = /@([A-Za-z0-9.-]+)>?\s*$/.exec(from) ?? [];
  if (domain === undefined) throw new Error(`MAIL_FROM must be an address or "Name <address>", not ${from}`);
  return domain;
}

// Commands whose refusal is about this mail; a refusal of any other is about the connection or our settings.
const ABOUT_THE_MAIL = ["RCPT TO", "DATA"];
// Answers that mean "log in first" or "not in this order", whatever the command was.
const ABOUT_THE_CONNECTION = [503, 530, 534, 535, 538];

function refusalOf(fault: unknown): MailRefused {
  const { code, command, responseCode, response } = smtpFactsOf(fault);
  if (responseCode === undefined) {
    return new MailRefused(`the mail server cannot be reached (${code})`, { permanent: false, cause: fault });
  }
  const permanent =
    responseCode >= 500 &&
    responseCode < 600 &&
    !ABOUT_THE_CONNECTION.includes(responseCode) &&
    ABOUT_THE_MAIL.includes(command);
  // Only the numbers of the answer: its words may repeat the address or a link of the mail.
  const [, enhanced = ""] = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response) ?? [];
  const numbers = `${responseCode} ${enhanced}`.trim();
  return new MailRefused(`the mail server answered ${numbers} to ${command}`, { permanent, cause: fault });
}

function smtpFactsOf(fault: unknown) {
  const fact = (name: string): unknown => (fault instanceof Error ? Reflect.get(fault, name) : undefined);
  const [code, command, responseCode, response] = ["code", "command", "responseCode", "response"].map(fact);
  return {
    code: typeof code === "string" ? code : "unknown",
    command: typeof command === "string" ? command : "a command",
    responseCode: typeof responseCode === "number" ? responseCode : undefined,
    response: typeof response === "string" ? response : "",
  };
}
