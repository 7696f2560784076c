import { expect, test } from "vitest";
import { passwordFaults } from "../../../src/features/accounts/password-rules.js";

test.each([
  [
    "Iequ4geiEWQw",
    "Xwqe213PZCXwe",
    "Kal31ewwqXrew",
    "Tecohvi0",
    "Gol4aid2",
    "Gol4aid1",
    "ZahSh8ei",
    "zieV0Kai",
  ],
  ["eeC2BiCucxWEQ", "Fai5aesoLEcx", "KeeKi7zoWExzc", "123aZE@654", "testPassword111", "aB3dE5gH"],
  ["Correct1Horse", "Tr0ub4dor&3"],
])("%s and its like may be used", (...passwords) => {
  expect(passwords.flatMap((password) => passwordFaults(password))).toEqual([]);
});

test.each([
  ["Password1", "Password1123", "Qq123123", "QqQq123123", "123AZErty@", "Aa345678", "Aa1!Aa1!", "Qwerty123!"],
  ["Abcdefg1", "Monkey12x", "Zx9!kLm2", "P@ssw0rd1", "Password1!", "Admin123!", "Zaq12wsx", "Summer2019!"],
  ["AAAAaaaa1111"],
])("%s and its like are only too weak", (...passwords) => {
  for (const password of passwords)
    expect([password, passwordFaults(password)]).toEqual([password, ["strength"]]);
});

test.each(["password", "password1", "X2qL32", "eoV0qu", "Simple"])(
  "%s fails the requirements and is too weak",
  (password) => {
    expect(passwordFaults(password)).toEqual(["requirements", "strength"]);
  },
);

const strongOfLength = (length: number) => "aB3$kVu9Q!".repeat(9).slice(0, length);

test.each([
  [8, []],
  [72, []],
  [73, ["too_long"]],
  [80, ["too_long"]],
  [81, ["too_long", "requirements"]],
])("a varied password of %d characters has the faults %j", (length, faults) => {
  expect(passwordFaults(strongOfLength(length))).toEqual(faults);
});

test("7 characters are too few", () => {
  expect(passwordFaults("tR4$vK!")).toContain("requirements");
});

test("characters are counted, not bytes or code units", () => {
  expect(passwordFaults(`Aa1${"🦭".repeat(5)}`)).not.toContain("requirements");
  expect(passwordFaults(`Aa1${"🦭".repeat(4)}`)).toContain("requirements");
  expect(passwordFaults(`aB3$kVu9Q!${"🦭".repeat(62)}`)).toEqual([]);
  expect(passwordFaults(`aB3$kVu9Q!${"🦭".repeat(63)}`)).toEqual(["too_long"]);
});

test("letters and digits of any script meet the requirements", () => {
  expect(passwordFaults("Пароль٣ждщ")).toEqual([]);
});

test("both Unicode forms of a password are judged alike", () => {
  const password = `Éa1${"é".repeat(69)}`;

  expect(passwordFaults(password.normalize("NFD"))).toEqual(passwordFaults(password.normalize("NFC")));
});

test("the least strength can be set", () => {
  expect(passwordFaults("Zx9!kLm2", 12)).toEqual([]);
  expect(passwordFaults("Tecohvi0", 16)).toEqual(["strength"]);
});

test("a megabyte of short lines is refused in a moment", () => {
  passwordFaults("load the dictionary");

  const started = performance.now();
  const faults = passwordFaults("Ab1$\n".repeat(200_000));

  expect(faults).toContain("too_long");
  expect(performance.now() - started).toBeLessThan(500);
});
