import type { AddressInfo } from "node:net";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

/** A mail as it came over the wire. */
export interface ReceivedMail {
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  readonly encrypted: boolean;
  readonly mail: ParsedMail;
}

/** PEM; with it the server offers STARTTLS. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

interface SmtpTwinSettings {
  readonly tls?: Certificate;
  /** Does not offer SMTPUTF8, but takes whatever bytes an address has. */
  readonly hideUtf8?: boolean;
}

type Refusable = "MAIL FROM" | "RCPT TO" | "DATA";

/**
 * A mail server in this process. It refuses mails that real ones would or should refuse: several recipients, a
 * recipient that differs from the header, no Message-ID, text or HTML missing.
 */
export async function startSmtpTwin({ tls, hideUtf8 = false }: SmtpTwinSettings = {}) {
  const received: ReceivedMail[] = [];
  const refusals = new Map<Refusable, { code: number; text: string }>();
  let port = 0;
  let delayMs = 0;
  let held: Promise<void> | undefined;
  let watch = (): void => {};
  let server: SMTPServer | undefined;
  const connections = { most: 0, total: 0 };
  let open = 0;

  const answerTo = (command: Refusable) => {
    const refusal = refusals.get(command);
    return refusal && refusalOf(refusal.code, refusal.text);
  };

  async function up(): Promise<void> {
    if (server) return;
    const starting = new SMTPServer({
      authOptional: true,
      disabledCommands: tls ? ["AUTH"] : ["STARTTLS", "AUTH"],
      ...tls,
      hideSMTPUTF8: hideUtf8,
      logger: false,
      // Whoever keeps a connection has no hold on a server that ends.
      closeTimeout: 50,
      onConnect(_session, done) {
        open += 1;
        connections.total += 1;
        connections.most = Math.max(connections.most, open);
        done();
      },
      onClose() {
        open -= 1;
      },
      onMailFrom: (_address, _session, done) => done(answerTo("MAIL FROM")),
      onRcptTo: (_address, _session, done) => done(answerTo("RCPT TO")),
      onData(stream, { envelope, secure }, done) {
        const from = envelope.mailFrom ? envelope.mailFrom.address : "";
        const to = envelope.rcptTo.map(({ address }) => address);
        const take = async () => {
          const mail = await simpleParser(stream);
          await new Promise((resolve) => setTimeout(resolve, delayMs));
          await held;
          const refusal = answerTo("DATA") ?? faultOf(mail, to);
          if (refusal) return refusal;
          received.push({ envelope: { from, to }, encrypted: secure, mail });
          watch();
          return undefined;
        };
        take().then((refusal) => done(refusal), done);
      },
    });
    // A client that goes away in the middle is no failure of the server.
    starting.on("error", () => {});
    await new Promise<void>((resolve) => starting.listen(port, "127.0.0.1", () => resolve()));
    port = (starting.server.address() as AddressInfo).port;
    server = starting;
  }

  async function down(): Promise<void> {
    const stopping = server;
    server = undefined;
    await new Promise<void>((resolve) => (stopping ? stopping.close(() => resolve()) : resolve()));
  }

  await up();
  return {
    /** Stays the same over `down` and `up`. */
    url: `smtp://127.0.0.1:${port}`,
    received,
    /** How many there were at the same time at most, and altogether. */
    connections,
    up,
    down,
    /** Answers `command` with an error from now on; `accept` ends that. */
    refuse(command: Refusable, code: number, text: string) {
      refusals.set(command, { code, text });
    },
    accept: () => refusals.clear(),
    /** Calls this whenever a mail was taken, before its sender is told. */
    onTaken(watcher: () => void) {
      watch = watcher;
    },
    /** From now on the server takes no mail and refuses none, until the answer is called. */
    hold(): () => void {
      let release = (): void => {};
      held = new Promise((resolve) => {
        release = resolve;
      });
      return () => {
        held = undefined;
        release();
      };
    },
    /** How long the server thinks before it takes a mail. */
    delay(milliseconds: number) {
      delayMs = milliseconds;
    },
  };
}

export type SmtpTwin = Awaited<ReturnType<typeof startSmtpTwin>>;

function faultOf(mail: ParsedMail, recipients: readonly string[]): Error | undefined {
  const named = [mail.to].flat().flatMap((field) => field?.value.map(({ address }) => address) ?? []);
  if (recipients.length !== 1 || named.join() !== recipients.join()) return refusalOf(554, "one recipient");
  if (!mail.messageId || !mail.subject || !mail.from) return refusalOf(554, "a header is missing");
  if (!mail.text || !mail.html) return refusalOf(554, "text and HTML are needed");
  return undefined;
}

const refusalOf = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });
