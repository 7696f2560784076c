import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const charactersLookedAt = 1000;

/**
 * The strength of a password in bits: the least of what is left of it when keyboard walks, common passwords and
 * their usual disguises count as one character. Looks at the first 1,000 characters only; can be negative.
 */
export function passwordEntropy(password: string): number {
  const text = firstCharacters(password);
  const lower = text.toLowerCase();
  const candidates = [text, lower, ...withoutWalks(lower), ...variants(lower).map(withoutCommonPassword)];
  return Math.min(...[...new Set(candidates)].map(entropyOf));
}

// A character takes one or two code units, so twice as many units surely hold enough characters.
const firstCharacters = (text: string): string =>
  [...text.slice(0, 2 * charactersLookedAt)].slice(0, charactersLookedAt).join("");

/** The rule of NIST SP 800-63-1: later characters count less, repeated ones less still. */
function entropyOf(text: string): number {
  const weights = new Map<string, number>();
  let position = 0;
  let bits = 0;
  for (const character of text) {
    const weight = weights.get(character) ?? 1;
    bits += bitsAt(position) * weight;
    weights.set(character, weight * 0.75);
    position += 1;
  }
  return bits + compositionBonus(text);
}

function bitsAt(position: number): number {
  if (position === 0) return 4;
  if (position < 8) return 2;
  return position < 20 ? 1.5 : 1;
}

function compositionBonus(text: string): number {
  const spaced = text.includes(" ");
  const spacing = spaced ? (wordCount(text) > 3 ? 1 : 0) : -2;
  return mixtureBonus(text) + spacing;
}

function mixtureBonus(text: string): number {
  const upper = /\p{Uppercase}/u.test(text);
  const lower = /\p{Lowercase}/u.test(text);
  const digit = /\p{Nd}/u.test(text);
  const other = /[^a-zA-Z0-9 ]/.test(text);
  if (upper && lower && other) return digit ? 6 : 5;
  if (upper || lower || !digit) return 0;
  return other ? -2 : -6;
}

const wordCount = (text: string): number => text.trimEnd().split(/\s+/).length;

// The keys of a US keyboard, top to bottom, along the two slanted directions a finger can take.
const leaningRight = ["1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik,", "9ol.", "0p;/"];
const leaningLeft = ["=[;.", "pl,", "0okm", "9ijn", "8uhb", "7ygv", "6tfc", "5rdx", "4esz", "3wa", "2q", "1"];

const walks = [
  "1234567890",
  "qwertyuiop",
  "asdfghjkl;",
  "zxcvbnm,./",
  ...columnWalks(leaningRight),
  ...columnWalks(leaningLeft),
  "014725836914702583697894561230258/369",
  "abcdefghijklmnopqrstuvwxyz",
].map(piecesOf);

/** Column after column: all keys, without punctuation, without digits, letters only. */
function columnWalks(columns: string[]): string[] {
  const keys = columns.join("");
  return [keys, keys.replace(/[^a-z0-9]/g, ""), keys.replace(/\d/g, ""), keys.replace(/[^a-z]/g, "")];
}

/** All runs of 6 keys of a walk, then those of 5, 4 and 3. */
function piecesOf(walk: string): string[] {
  return [6, 5, 4, 3].flatMap((length) =>
    Array.from({ length: walk.length - length + 1 }, (_, start) => walk.slice(start, start + length)),
  );
}

const withoutWalks = (lower: string): string[] =>
  [lower, reversed(lower)].flatMap((text) => walks.map((pieces) => pieces.reduce(maskFirst, text)));

function maskFirst(text: string, piece: string): string {
  const start = text.indexOf(piece);
  return start === -1 ? text : `${text.slice(0, start)}*${text.slice(start + piece.length)}`;
}

const reversed = (text: string): string => [...text].reverse().join("");

const shiftRight = new Map(keysBelow(leaningRight));
const shiftLeft = new Map([...keysBelow(leaningLeft), ["-", "p"]]);
const leet = new Map(Array.from("@4!1$52369780", (sign, index) => [sign, "aaiisszeggtbo".charAt(index)]));
const leetWithOneAsL = new Map(leet).set("1", "l");

/** Each key of a column with the letter under it. */
function keysBelow(columns: string[]): [string, string][] {
  return columns.flatMap((column) =>
    [...column.slice(1)].flatMap((below, index): [string, string][] =>
      /[a-z]/.test(below) ? [[column.charAt(index), below]] : [],
    ),
  );
}

/** The text as given, as typed with the hands one row too high, and with leet letters read as plain ones. */
function variants(lower: string): string[] {
  const shifts = /[zxcvbnm,./<>?]/.test(lower) ? [] : [shiftRight, shiftLeft];
  const readings = /[@!$0-9]/.test(lower) ? [leet, leetWithOneAsL] : [];
  const translated = [...shifts, ...readings].map((map) => translate(lower, map));
  return [lower, ...translated.flatMap((text) => [text, reversed(text)])];
}

const translate = (text: string, map: ReadonlyMap<string, string>): string =>
  Array.from(text, (character) => map.get(character) ?? character).join("");

/** Masks the common password which begins first; of several that begin there, the longest. */
function withoutCommonPassword(text: string): string {
  const words = commonPasswords();
  for (let start = 0; start + shortestWord <= text.length; start += 1) {
    const candidates = words.get(text.slice(start, start + shortestWord));
    const word = candidates?.find((candidate) => text.startsWith(candidate, start));
    if (word !== undefined) return `${text.slice(0, start)}*${text.slice(start + word.length)}`;
  }
  return text;
}

const shortestWord = 4;
const dictionarySize = 10_000;
let loaded: Map<string, string[]> | undefined;

/** Common passwords by their first four characters, longest first. Read at first use: about 20 ms, once. */
function commonPasswords(): Map<string, string[]> {
  loaded ??= byBeginning([...listedPasswords(), ...monotonousPasswords()]);
  return loaded;
}

function listedPasswords(): string[] {
  const path = createRequire(import.meta.url).resolve("@zxcvbn-ts/language-common/src/passwords.json");
  const ranked: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (!Array.isArray(ranked)) throw new Error(`${path} is not a list of passwords`);
  return ranked.filter(isPlainWord).slice(0, dictionarySize);
}

// A listed "p@ssw0rd" would only be weighed twice: reading leet letters as plain ones finds it already.
const isPlainWord = (word: unknown): word is string =>
  typeof word === "string" && word.length >= shortestWord && /^[a-z0-9]+$/.test(word);

// The list leaves "aaaa" and "abcdefg" out, because zxcvbn finds them by other means.
function monotonousPasswords(): string[] {
  const alphabet = "abcdefghijklmnopqrstuvwxyz";
  const lengths = [4, 5, 6, 7, 8];
  return lengths.flatMap((length) => [
    alphabet.slice(0, length),
    ...Array.from(`${alphabet}0123456789`, (character) => character.repeat(length)),
  ]);
}

function byBeginning(words: string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const word of words.toSorted((one, other) => other.length - one.length)) {
    const beginning = word.slice(0, shortestWord);
    const group = groups.get(beginning);
    if (group) group.push(word);
    else groups.set(beginning, [word]);
  }
  return groups;
}
