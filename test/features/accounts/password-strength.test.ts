import { expect, test } from "vitest";
import { passwordEntropy } from "../../../src/features/accounts/password-strength.js";

const knownEntropies: [string, number][] = [
  ["Iequ4geiEWQw", 18.25],
  ["Xwqe213PZCXwe", 21.22],
  ["Kal31ewwqXrew", 20],
  ["Tecohvi0", 15.5],
  ["Gol4aid2", 15.5],
  ["Gol4aid1", 15],
  ["ZahSh8ei", 15.5],
  ["zieV0Kai", 15.5],
  ["eeC2BiCucxWEQ", 21.19],
  ["Fai5aesoLEcx", 17],
  ["KeeKi7zoWExzc", 21.47],
  ["123aZE@654", 16],
  ["testPassword111", 14.125],
  ["aB3dE5gH", 15.5],
  ["Correct1Horse", 16.5],
  ["Tr0ub4dor&3", 19.63],
  ["Password1", 2],
  ["Password1123", 6],
  ["Qq123123", 5.5],
  ["QqQq123123", 10.5],
  ["123AZErty@", 8],
  ["Aa345678", 5.5],
  ["Aa1!Aa1!", 10.94],
  ["Qwerty123!", 4],
  ["Abcdefg1", 2],
  ["Monkey12x", 4],
  ["Zx9!kLm2", 12],
  ["P@ssw0rd1", 4],
  ["Password1!", 4],
  ["Admin123!", 6],
  ["Zaq12wsx", 2],
  ["Summer2019!", 10],
  ["AAAAaaaa1111", 5.47],
];

test.each(knownEntropies)("%s has %d bits, as the former server counted", (password, bits) => {
  expect(passwordEntropy(password)).toBeCloseTo(bits, 2);
});

test.each([
  ["as it is", "monkey"],
  ["in upper case", "MONKEY"],
  ["with leet letters", "m0nk3y"],
  ["backwards with leet letters", "y3kn0m"],
  ["one keyboard row too high, leaning right", "j9hi36"],
  ["one keyboard row too high, leaning left", "k0jo47"],
])("a common password typed %s counts as one character", (_, disguised) => {
  expect(passwordEntropy(disguised)).toBe(2);
});

test("of the common passwords in a text, only the one that begins first counts as one character", () => {
  expect(passwordEntropy("monkey-dragon")).toBe(passwordEntropy("monkey-qhtvwu"));
});

test("a long passphrase is strong although its words are common", () => {
  expect(passwordEntropy("correct horse battery staple")).toBeGreaterThan(30);
});

test("an empty password has no strength", () => {
  expect(passwordEntropy("")).toBeLessThanOrEqual(0);
});

test("only the first 1,000 characters count, whether or not they take two code units", () => {
  expect(passwordEntropy("aB3$".repeat(10_000))).toBe(passwordEntropy("aB3$".repeat(250)));
  expect(passwordEntropy("🦭".repeat(10_000))).toBe(passwordEntropy("🦭".repeat(1_000)));
});

test("a megabyte is judged in milliseconds", () => {
  passwordEntropy("load the dictionary");

  const started = performance.now();
  passwordEntropy("aB3$".repeat(262_144));

  expect(performance.now() - started).toBeLessThan(100);
});
