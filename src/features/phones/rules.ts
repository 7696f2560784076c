import { parsePhoneNumberFromString } from "libphonenumber-js/max";
import { networkOf } from "../../platform/network.js";
import type { CountryRule } from "../../platform/settings.js";

/** Digits of a code, how long it is good, and how many wrong guesses kill it. */
export const CODE_DIGITS = 6;
export const CODE_SECONDS = 600;
export const MOST_GUESSES = 5;

/**
 * How long a number is contested after another account has asked for a code to it: that may have left as late as it was good, and a vendor
 * knows it for as long again.
 */
export const CONTEST_SECONDS = 2 * CODE_SECONDS;

/** Numbers of one account. One that was not verified within a day gives way when there are as many. */
export const MOST_PHONES = 5;
export const UNVERIFIED_SECONDS = 86_400;

/**
 * SMS to one number, which cost money, and annoy who does not want them: those that one account may ask for, and those of all accounts
 * together. The latter are more, so that nobody alone can use them up and keep the owner of the number from verifying it.
 */
export const SMS_OF_ACCOUNT = [
  { calls: 5, seconds: 3600 },
  { calls: 10, seconds: 86_400 },
] as const;
export const SMS_OF_ALL = { calls: 30, seconds: 86_400 } as const;

/** Whoever earns from SMS takes numbers in rows: these many digits of them are the same. */
const PREFIX_DIGITS = 7;

/** How many SMS leave altogether; 0 is no limit. */
export interface SmsLimits {
  readonly perPrefixHour: number;
  readonly perClientHour: number;
  readonly perCountryHour: number;
  readonly perDay: number;
}

/** An SMS that somebody asks for. */
export interface AskedSms {
  readonly accountId: number;
  readonly phone: PhoneNumber;
  /** Where the request came from. */
  readonly ip: string;
}

/** What an SMS is counted by. */
export interface SmsBudget {
  /** For the log. */
  readonly name: "account" | "number" | "client" | "prefix" | "country" | "day";
  readonly bucket: string;
  readonly allowance: { readonly calls: number; readonly seconds: number };
}

/** All that an SMS has to fit into, the narrowest first: what is refused there cannot use the wider ones up. */
export function smsBudgets({ accountId, phone, ip }: AskedSms, limits: SmsLimits): SmsBudget[] {
  const { number, country } = phone;
  const [hour, day] = [3600, 86_400];
  const prefix = number.slice(0, PREFIX_DIGITS);
  const wide = [
    { name: "client", bucket: networkOf(ip), calls: limits.perClientHour, seconds: hour },
    { name: "prefix", bucket: prefix, calls: limits.perPrefixHour, seconds: hour },
    { name: "country", bucket: country, calls: limits.perCountryHour, seconds: hour },
    { name: "day", bucket: "all", calls: limits.perDay, seconds: day },
  ] as const;
  return [
    ...SMS_OF_ACCOUNT.map((allowance) => ({
      name: "account" as const,
      bucket: `sms:${allowance.seconds}:${number}:${accountId}`,
      allowance,
    })),
    { name: "number", bucket: `sms:${number}`, allowance: SMS_OF_ALL },
    ...wide
      .filter(({ calls }) => calls > 0)
      .map(({ name, bucket, ...allowance }) => ({ name, bucket: `sms:${name}:${bucket}`, allowance })),
  ];
}

/** Whether numbers of a country are accepted: those named alone, or all but those named. */
export const isServed = (country: string, rule: CountryRule): boolean =>
  "only" in rule ? rule.only.includes(country) : !rule.except.includes(country);

export interface PhoneNumber {
  /** Country code and national number, digits only. */
  readonly number: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
}

// Who owns such a number can earn from what is sent to it, or nobody reads it.
const NOT_TEXTED = [
  "PREMIUM_RATE",
  "SHARED_COST",
  "PERSONAL_NUMBER",
  "UAN",
  "PAGER",
  "TOLL_FREE",
  "VOICEMAIL",
];

/** The number that somebody means, in the one form in which it is stored; undefined when it is none. */
export function normalisePhone(text: string): PhoneNumber | undefined {
  // Digits are all that counts, and `00` is how many dial what `+` stands for.
  const digits = text.replace(/\D/g, "").replace(/^00/, "");
  const phone = parsePhoneNumberFromString(`+${digits}`, { extract: false });
  // Numbers of no country belong to satellites and call centres.
  if (!phone?.isValid() || phone.country === undefined) return undefined;
  if (NOT_TEXTED.includes(phone.getType() ?? "")) return undefined;
  return { number: phone.number.slice(1), country: phone.country };
}

/** The code as it was sent; people put blanks between the digits. */
export const normaliseCode = (text: string): string => text.replace(/\s/g, "");

/** The SMS that a template makes of a code. */
export const smsText = (template: string, words: { readonly app: string; readonly code: string }): string =>
  template.replace(/\{(app|code)\}/g, (_, name: "app" | "code") => words[name]);
