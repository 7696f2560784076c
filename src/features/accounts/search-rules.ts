import { normaliseEmail } from "./email-rules.js";

/** Texts from one on and, if there is an end, below another. */
export interface TextRange {
  readonly from: string;
  readonly below: string | undefined;
}

/** Accounts whose field has a value, or a text that lies in a range. */
export type Selection =
  | { readonly field: "email" | "uid" | "role" | "state"; readonly wanted: TextRange }
  | { readonly field: "level" | "referralId"; readonly wanted: number }
  | { readonly field: "otp"; readonly wanted: boolean };

/**
 * The accounts that a search is for: those whose text starts with the value, whatever its case, or whose number or boolean is the
 * value. Undefined when there can be none, because it is no value of the field.
 */
export function selectionOf(field: string, value: string): Selection | undefined {
  switch (field) {
    case "email":
      return startingWith(field, normaliseEmail(value));
    case "uid":
      return startingWith(field, value.trim().toUpperCase());
    case "role":
    case "state":
      return startingWith(field, value.trim().toLowerCase());
    case "level":
      return equalTo(field, integerIn(value));
    case "referral_id":
      return equalTo("referralId", integerIn(value));
    case "otp":
      return equalToSwitch(booleanIn(value));
    default:
      return undefined;
  }
}

function startingWith(field: "email" | "uid" | "role" | "state", text: string): Selection | undefined {
  // No account has this character, and SQLite takes it for the end of a text.
  if (text.includes("\u0000")) return undefined;
  return { field, wanted: { from: text, below: firstTextAfter(text) } };
}

/** The first text, by code points, that is greater than all those that start with `prefix`; undefined when there is none. */
function firstTextAfter(prefix: string): string | undefined {
  const codePoints = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (codePoints.at(-1) === LAST_CODE_POINT) codePoints.pop();
  const last = codePoints.pop();
  if (last === undefined) return undefined;
  // What lies between are halves of characters.
  const next = last === 0xd7ff ? 0xe000 : last + 1;
  return String.fromCodePoint(...codePoints, next);
}

const LAST_CODE_POINT = 0x10ffff;

const equalTo = (field: "level" | "referralId", wanted: number | undefined): Selection | undefined =>
  wanted === undefined ? undefined : { field, wanted };

const equalToSwitch = (wanted: boolean | undefined): Selection | undefined =>
  wanted === undefined ? undefined : { field: "otp", wanted };

function integerIn(text: string): number | undefined {
  const number = /^\s*\d+\s*$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}

const TRUE_WORDS = ["true", "t", "yes", "y", "on", "1"];
const FALSE_WORDS = ["false", "f", "no", "n", "off", "0"];

function booleanIn(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  if (TRUE_WORDS.includes(word)) return true;
  return FALSE_WORDS.includes(word) ? false : undefined;
}
