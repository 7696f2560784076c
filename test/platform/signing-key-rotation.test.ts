import { expect, test } from "vitest";
import { generateSigningKey } from "../../src/platform/signing-key.js";
import { type FiledKey, parseKeyFile, printKeyFile } from "../../src/platform/signing-key-file.js";
import { pendingAt, withNewKey, withoutKey } from "../../src/platform/signing-key-rotation.js";
import { signerAt } from "../../src/platform/signing-schedule.js";

const DAY = "2030-01-31T";
const now = new Date(`${DAY}12:00:00.700Z`);
const keepSeconds = 3600;

const keys: Readonly<Record<string, string>> = {
  a: generateSigningKey("EdDSA"),
  b: generateSigningKey("EdDSA"),
  c: generateSigningKey("EdDSA"),
  d: generateSigningKey("EdDSA"),
};
const pemOf = (name: string): string => keys[name] ?? "";
const kidOf = (name: string): string => parseKeyFile(pemOf(name))[0]?.key.kid ?? "";
const nameOf = ({ key }: FiledKey): string =>
  Object.keys(keys).find((name) => kidOf(name) === key.kid) ?? "?";

/** Keys written as `name activates>retires`, such as `a >13:00`. */
const schedule = (...written: string[]): FiledKey[] =>
  parseKeyFile(
    written
      .map((line) => {
        const [name = "", times = ">"] = line.split(" ");
        const [activates, retires] = times.split(">");
        const mark = (label: string, time?: string) => (time ? `${label}: ${DAY}${time}:00Z\n` : "");
        return `${mark("Activates", activates)}${mark("Retires", retires)}${pemOf(name)}`;
      })
      .join(""),
  );

const hours = (moment?: Date): string => moment?.toISOString().slice(11, 16) ?? "";
const written = (found: readonly FiledKey[]): string[] =>
  found.map((key) => `${nameOf(key)} ${hours(key.activates)}>${hours(key.retires)}`);

const rotate = (name: string, before: FiledKey[], minutes = 10) =>
  withNewKey(before, { pem: pemOf(name), publishSeconds: minutes * 60, now, keepSeconds });

test("a new key is published, signs, and only later lets the one before retire", () => {
  const { keys: rotated, added, dropped } = rotate("b", schedule("a"));

  expect(written(rotated)).toEqual(["b 12:10>", "a >13:10"]);
  expect(nameOf(added)).toBe("b");
  expect(dropped).toEqual([]);
  expect(pendingAt(rotated, now).map(nameOf)).toEqual(["b"]);
});

test("keys that have retired go, and those that still verify keep their time", () => {
  const { keys: rotated, dropped } = rotate("d", schedule("c 11:30>", "b 10:30>12:30", "a >11:30"));

  expect(written(rotated)).toEqual(["d 12:10>", "c 11:30>13:10", "b 10:30>12:30"]);
  expect(dropped.map(nameOf)).toEqual(["a"]);
});

test("a retirement that is too early for the successor is put off, a later one stays", () => {
  expect(written(rotate("b", schedule("a >12:05")).keys)).toEqual(["b 12:10>", "a >13:10"]);
  expect(written(rotate("b", schedule("a >18:00")).keys)).toEqual(["b 12:10>", "a >18:00"]);
});

test("a key added while another waits takes its place in the order of times", () => {
  const waiting = schedule("b 12:30>", "a >13:30");

  expect(written(rotate("c", waiting, 60).keys)).toEqual(["c 13:00>", "b 12:30>14:00", "a >13:30"]);
  expect(written(rotate("c", waiting, 10).keys)).toEqual(["c 12:10>13:30", "b 12:30>", "a >13:30"]);
});

test("a key that is not to be published before signs at once, also after another of the same second", () => {
  const once = rotate("b", schedule("a"), 0).keys;
  const twice = rotate("c", [...once], 0).keys;

  expect(signerAt(once, now)?.key.kid).toBe(kidOf("b"));
  expect(signerAt(twice, now)?.key.kid).toBe(kidOf("c"));
  expect(written(twice)).toEqual(["c 12:00>", "b 12:00>13:00", "a >13:00"]);
});

test("where nothing signs any more a new key does not wait", () => {
  expect(written(rotate("b", schedule("a >11:00")).keys)).toEqual(["b 12:00>"]);
});

const retire = (name: string, before: FiledKey[]) => withoutKey(before, kidOf(name), { now, keepSeconds });

test("when the key that signs is taken out, the one before signs again and does not retire", () => {
  expect(written(retire("b", schedule("b 11:30>", "a >12:30")))).toEqual(["a >"]);
});

test("it signs until the key that waits takes over, and retires after that", () => {
  const rest = retire("b", schedule("c 13:00>", "b 11:30>14:00", "a >12:30"));

  expect(written(rest)).toEqual(["c 13:00>", "a >14:00"]);
  expect(signerAt(rest, now)).toMatchObject({ key: { kid: kidOf("a") } });
});

test("when only keys to come are left, the first of them signs at once", () => {
  expect(written(retire("a", schedule("b 13:00>", "a >14:00")))).toEqual(["b 12:00>"]);
  expect(written(retire("a", schedule("c 14:00>", "b 13:00>15:00", "a >14:00")))).toEqual([
    "c 14:00>",
    "b 12:00>15:00",
  ]);
});

test("when the key that waits is taken out, the one that signs goes on", () => {
  expect(written(retire("b", schedule("b 13:00>", "a >14:00")))).toEqual(["a >"]);
});

test("a key that only verifies goes without a trace", () => {
  expect(written(retire("a", schedule("b 11:00>", "a >12:30")))).toEqual(["b 11:00>"]);
});

test("the only key stays, also beside one that has retired", () => {
  expect(() => retire("a", schedule("a"))).toThrow(`${kidOf("a")} is the only key`);
  expect(() => retire("b", schedule("b 11:00>", "a >11:30"))).toThrow(`${kidOf("b")} is the only key`);
  expect(() => retire("c", schedule("a"))).toThrow(`there is no key ${kidOf("c")}`);
});

test("what is written is read as it was, with the notes of its author", () => {
  const text = `# made in January\n${printKeyFile(schedule("b 12:10>", "a >13:10"))}`;

  const [first, second] = parseKeyFile(printKeyFile(parseKeyFile(text)));

  expect(first).toMatchObject({ notes: ["# made in January"], activates: new Date(`${DAY}12:10:00Z`) });
  expect(second).toMatchObject({ notes: [], retires: new Date(`${DAY}13:10:00Z`), pem: pemOf("a").trim() });
});
