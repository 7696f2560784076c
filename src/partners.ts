import type { Clock } from "./platform/clock.js";
import type { Config } from "./platform/config.js";
import { madeSigningKeyFile } from "./platform/development-keys.js";
import type { Logger } from "./platform/logger.js";
import { openSigningKeys, type SigningKeys } from "./platform/signing-keys.js";
import type { Captcha } from "./ports/captcha/captcha.js";
import { createGeetest } from "./ports/captcha/geetest.js";
import { noCaptcha } from "./ports/captcha/no-captcha.js";
import { createRecaptcha } from "./ports/captcha/recaptcha.js";
import { createMailbox } from "./ports/mail/mailbox.js";
import { createSmtpMailer } from "./ports/mail/smtp-mailer.js";
import { createTwilioSms } from "./ports/sms/twilio-sms.js";

/** Who delivers mails and SMS; in development the mailbox stands in for whoever is not configured. */
export async function createSenders({ mail: { smtpUrl, from }, sms: { twilio } }: Config, clock: Clock) {
  const mailbox = createMailbox(clock);
  return {
    mailer: smtpUrl === undefined ? mailbox : createSmtpMailer({ url: smtpUrl, from }),
    sms:
      twilio === undefined ? { send: mailbox.sendSms, close: mailbox.close } : await createTwilioSms(twilio),
    mailbox: smtpUrl === undefined || twilio === undefined ? mailbox : undefined,
  };
}

/** Who tells people from programs. */
export function createCaptcha({ captcha: { vendor, geetest, recaptcha } }: Config): Captcha {
  if (vendor === "geetest")
    return createGeetest({ id: geetest.id ?? "", key: geetest.key ?? "", url: geetest.url });
  if (vendor === "recaptcha")
    return createRecaptcha({ secretKey: recaptcha.secretKey ?? "", url: recaptcha.url });
  return noCaptcha;
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
