import { parsePhoneNumberFromString } from "libphonenumber-js/max";

/** Digits of a code, how long it is good, and how many wrong guesses kill it. */
export const CODE_DIGITS = 6;
export const CODE_SECONDS = 600;
export const MOST_GUESSES = 5;

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

export interface PhoneNumber {
  /** Country code and national number, digits only. */
  readonly number: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
}

// Who owns such a number earns from what is sent to it.
const PAID_BY_SENDER = ["PREMIUM_RATE", "SHARED_COST"];

/** The number that somebody means, in the one form in which it is stored; undefined when it is none. */
export function normalisePhone(text: string): PhoneNumber | undefined {
  // Digits are all that counts, and `00` is how many dial what `+` stands for.
  const digits = text.replace(/\D/g, "").replace(/^00/, "");
  const phone = parsePhoneNumberFromString(`+${digits}`, { extract: false });
  // Numbers of no country belong to satellites and call centres.
  if (!phone?.isValid() || phone.country === undefined) return undefined;
  if (PAID_BY_SENDER.includes(phone.getType() ?? "")) return undefined;
  return { number: phone.number.slice(1), country: phone.country };
}

/** The code as it was sent; people put blanks between the digits. */
export const normaliseCode = (text: string): string => text.replace(/\s/g, "");

/** The SMS that a template makes of a code. */
export const smsText = (template: string, words: { readonly app: string; readonly code: string }): string =>
  template.replace(/\{(app|code)\}/g, (_, name: "app" | "code") => words[name]);
