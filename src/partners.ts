import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { untoldLinksFault, webhookFault } from "./features/event-sinks/rules.js";
import type { Listeners } from "./features/event-sinks/sinks.js";
import type { Clock } from "./platform/clock.js";
import type { Config } from "./platform/config.js";
import { madeSigningKeyFile } from "./platform/development-keys.js";
import type { Logger } from "./platform/logger.js";
import type { MailConfig } from "./platform/mail-config.js";
import { openSigningKeys, type SigningKeys } from "./platform/signing-keys.js";
import type { SmsProviderConfig } from "./platform/sms-config.js";
import { readWebhooks, type WebhookSettings } from "./platform/webhooks-file.js";
import { createAmqpBroker } from "./ports/broker/amqp-broker.js";
import type { Mailer } from "./ports/mail/mail.js";
import { createMailbox } from "./ports/mail/mailbox.js";
import { createSmtpMailer } from "./ports/mail/smtp-mailer.js";
import { createFailover } from "./ports/sms/failover.js";
import { createHttpSms } from "./ports/sms/http-sms.js";
import type { SmsProvider } from "./ports/sms/sms.js";
import { createTwilioSms } from "./ports/sms/twilio-sms.js";
import { createTwilioVerify } from "./ports/sms/twilio-verify.js";
import { createHttpWebhook } from "./ports/webhook/http-webhook.js";

/** Who delivers mails and SMS; in development the mailbox stands in for whoever is not configured. */
export async function createSenders(
  { mail, sms: { providers } }: Config,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
) {
  const mailbox = createMailbox(clock);
  return {
    mailer: mail.smtpUrl === undefined ? mailbox : smtpMailer(mail, mail.smtpUrl),
    sms: createFailover(
      providers.length === 0
        ? [{ name: "mailbox", send: mailbox.sendSms, close: mailbox.close }]
        : await Promise.all(providers.map((provider) => createSmsProvider(provider, clock))),
      { clock, logger },
    ),
    mailbox: mail.smtpUrl === undefined || providers.length === 0 ? mailbox : undefined,
  };
}

/**
 * How long others may take, in milliseconds: less than the half of its lease that a delivery has, or the same would be sent once more while
 * the first is still on its way. A broker has half of that, for one that hangs shall use no attempt up.
 */
const patienceFor = (leaseSeconds: number) => ({
  broker: {
    publishMs: Math.min(20_000, leaseSeconds * 250),
    connectMs: Math.min(5000, leaseSeconds * 125),
  },
  webhook: { timeoutMs: Math.min(15_000, leaseSeconds * 500 - 1000) },
});

const smtpMailer = ({ tlsCaFile, ...settings }: MailConfig, url: string): Mailer =>
  createSmtpMailer({
    ...settings,
    url,
    tlsCa: tlsCaFile === undefined ? undefined : certificatesIn("SMTP_TLS_CA", tlsCaFile),
  });

function certificatesIn(setting: string, file: string): string {
  try {
    const pem = readFileSync(file, "utf8");
    new X509Certificate(pem);
    return pem;
  } catch (cause) {
    throw new Error(`${setting}: ${file} is not a readable file with certificates`, { cause });
  }
}

async function createSmsProvider(provider: SmsProviderConfig, clock: Clock): Promise<SmsProvider> {
  if (provider.name === "twilio") return createTwilioSms(provider);
  if (provider.name === "twilio_verify") return createTwilioVerify(provider);
  return createHttpSms(provider, clock);
}

/** Those outside who are told of events. */
export function createListeners(config: Config, clock: Clock): Listeners {
  const { events, outbox } = config;
  const { broker, webhooksFile } = events;
  const webhooks = webhooksFile === undefined ? [] : checkedWebhooks(webhooksFile, config);
  const patience = patienceFor(outbox.leaseSeconds);
  const caFile = broker?.tlsCaFile;
  const tlsCa = caFile === undefined ? undefined : certificatesIn("EVENT_API_RABBITMQ_TLS_CA", caFile);
  return {
    broker: broker && createAmqpBroker({ url: broker.url, tlsCa, ...patience.broker }),
    webhooks: webhooks.map(({ name, events, ...settings }) => ({
      name,
      events,
      webhook: createHttpWebhook({ ...settings, ...patience.webhook }, clock),
    })),
  };
}

/** Those that the server can serve; throws an Error of one sentence about one that it cannot. */
function checkedWebhooks(
  file: string,
  { isProduction, mail, events: { broker } }: Config,
): WebhookSettings[] {
  const webhooks = readWebhooks(file);
  const needsLinks = !mail.links && broker === undefined;
  const faults = [
    ...webhooks.map((webhook) => webhookFault(webhook, { isProduction })),
    needsLinks ? untoldLinksFault(webhooks) : undefined,
  ];
  const fault = faults.find((each) => each !== undefined);
  if (fault !== undefined) throw new Error(`WEBHOOKS_FILE ${file}: ${fault}`);
  return webhooks;
}

/** The keys that sign and verify tokens: the operator's, else our own. */
export function signingKeysOf(
  { jwt: { privateKeyPath, algorithm }, dataDir, isProduction }: Config,
  surroundings: { readonly clock: Clock; readonly logger: Logger },
): SigningKeys {
  const own = privateKeyPath === undefined;
  return openSigningKeys({
    name: own ? "the generated key" : "JWT_PRIVATE_KEY_PATH",
    file: own ? madeSigningKeyFile(dataDir, algorithm) : privateKeyPath,
    algorithm,
    isProduction,
    ...surroundings,
  });
}
