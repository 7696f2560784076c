import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** The rows of the page's tables; the last cell names a test. */
const rows = readFileSync(join(root, "docs/compatibility.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| ---"))
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
  .filter((cells) => cells.at(-2) !== "held by");

const tests = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => readFileSync(join(root, "test", name), "utf8"))
  .join("\n");

test("each difference to Barong 2 is held by a test that exists", () => {
  const lost = rows.map((cells) => cells.at(-2) ?? "").filter((title) => !tests.includes(`"${title}"`));

  expect(rows.length).toBeGreaterThan(50);
  expect(lost).toEqual([]);
});

test("each row says what is different, how it was, how it is, and which test holds it", () => {
  expect(rows.filter((cells) => cells.length !== 6 || cells.slice(1, -1).includes(""))).toEqual([]);
});
