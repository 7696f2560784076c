import { readFileSync } from "node:fs";
import type { Clock } from "./platform/clock.js";
import type { Config } from "./platform/config.js";
import { ownSigningKey } from "./platform/development-keys.js";
import { readSigningKey, type SigningKey } from "./platform/signing-keys.js";
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

/** The key that signs tokens: the operator's, else one of our own. */
export async function signingKeyOf({
  jwt: { privateKeyPath, algorithm },
  dataDir,
}: Config): Promise<SigningKey> {
  if (privateKeyPath === undefined) return readSigningKey(ownSigningKey(dataDir, algorithm), algorithm);
  try {
    return await readSigningKey(readFileSync(privateKeyPath, "utf8"), algorithm);
  } catch (cause) {
    throw new Error(`JWT_PRIVATE_KEY_PATH ${privateKeyPath} is no key for ${algorithm}: ${String(cause)}`, {
      cause,
    });
  }
}
