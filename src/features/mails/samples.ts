import type { ComposedMail, MailTexts } from "./mail-texts.js";
import type { MailFields, MailTopic } from "./topics.js";
import { languages } from "./words/languages.js";

const TOKEN = { token: "S4mpleT0ken-S4mpleT0ken-S4mpleT0ken-S4mpleT" };
const HERE = { address: "203.0.113.7", device: "Firefox, Windows" };
const TIME = { time: "2026-01-31 12:00 UTC" };

/** What each mail is filled with when somebody wants to see it. */
const SAMPLES: Readonly<Record<MailTopic, MailFields>> = {
  confirmation: TOKEN,
  password_reset: TOKEN,
  new_device: { ...TIME, ...HERE },
  password_changed: { ...TIME, ...HERE },
  otp_enabled: { ...TIME, ...HERE },
  otp_disabled: TIME,
  api_key_created: { ...TIME, key: "a1b2c3d4…" },
  api_keys_deactivated: { ...TIME, keys: "a1b2c3d4…, 0f1e2d3c…" },
  email_confirmed: TIME,
  document_verified: TIME,
  document_rejected: TIME,
};

export const topics = Object.keys(SAMPLES) as readonly MailTopic[];

/** Every mail in every language, with made-up values: for looking at them in development. */
export const mailSamples = (texts: MailTexts) => ({
  topics,
  languages: [...languages.keys()],
  /** Undefined for a topic or a language that there is not. */
  compose(topic: string, language: string): ComposedMail | undefined {
    const known = topics.find((name) => name === topic);
    return known && languages.has(language) ? texts(known, language, SAMPLES[known]) : undefined;
  },
});

export type MailSamples = ReturnType<typeof mailSamples>;
