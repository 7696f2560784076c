import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { openPathRules } from "../../../src/features/authz/rules-file.js";
import type { Logger } from "../../../src/platform/logger.js";

let folder = "";
let file = "";
let lines: string[] = [];

const logger: Logger = {
  debug() {},
  info: (_facts, text) => void lines.push(`info: ${text}`),
  warn: (_facts, text) => void lines.push(`warn: ${text}`),
  error: (_facts, text) => void lines.push(`error: ${text}`),
  child: () => logger,
};

const passing = (prefix: string) => `rules: {pass: [${prefix}]}\n`;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "barong-rules-"));
  file = join(folder, "authz_rules.yml");
  lines = [];
  return () => rm(folder, { recursive: true, force: true });
});

/** The rules of a file that passes `one`, with the looks at it made by hand. */
async function opened() {
  await writeFile(file, passing("one"));
  const rules = openPathRules({ file, logger });
  return {
    pass: () => rules.current().pass,
    /** Looks as often as it takes for a change to count. */
    async look() {
      await rules.reread();
      await rules.reread();
    },
    rules,
  };
}

test("without a file the rules are those that Barong has always shipped", async () => {
  const rules = openPathRules({ file: undefined, logger });
  rules.start();

  expect(rules.current()).toEqual({
    pass: ["api/v2/barong/identity", "api/v2/peatio/public"],
    block: ["api/v2/barong/management", "api/v2/peatio/management"],
  });
  await rules.stop();
});

describe("at the start", () => {
  const opening = () => openPathRules({ file, logger });

  test("a file that is missing, a folder, too large or no text is told by its name and setting", async () => {
    expect(opening).toThrow(`AUTHZ_RULES_FILE ${file}: ENOENT`);

    await mkdir(file);
    expect(opening).toThrow(`AUTHZ_RULES_FILE ${file}: it is no file`);
    await rm(file, { recursive: true });

    await writeFile(file, `${passing("one")}#${"x".repeat(32 * 1024)}`);
    expect(opening).toThrow(`AUTHZ_RULES_FILE ${file}: it has more than 32 KiB`);

    await writeFile(file, Buffer.from([0x72, 0xff, 0xfe]));
    expect(opening).toThrow(`AUTHZ_RULES_FILE ${file}: it is no text in UTF-8`);
  });

  test("a device that never ends is not read", () => {
    expect(() => openPathRules({ file: "/dev/zero", logger })).toThrow("it is no file");
  });

  test("a file that says nothing is refused", async () => {
    await writeFile(file, "");

    expect(opening).toThrow(`AUTHZ_RULES_FILE ${file}: it has no top key "rules"`);
  });
});

test("a changed file is in force, whatever its size and time", async () => {
  const { pass, look } = await opened();

  await writeFile(file, passing("two"));
  await look();

  expect(pass()).toEqual(["two"]);
  expect(lines).toEqual([`info: AUTHZ_RULES_FILE ${file} has been read again`]);
});

test("an unchanged file is not spoken of", async () => {
  const { look } = await opened();

  await look();
  await writeFile(file, passing("one"));
  await look();

  expect(lines).toEqual([]);
});

test("a file that is still being written is waited for", async () => {
  const { pass, rules } = await opened();
  await writeFile(file, "rules: {pass: [one, tw");
  await rules.reread();
  await writeFile(file, passing("two"));
  await rules.reread();

  expect(pass()).toEqual(["one"]);
  await rules.reread();
  expect(pass()).toEqual(["two"]);
  expect(lines.filter((line) => line.startsWith("error"))).toEqual([]);
});

test("a file that an editor puts in the place of the old one is in force", async () => {
  const { pass, look } = await opened();

  await writeFile(`${file}~`, passing("two"));
  await rename(`${file}~`, file);
  await look();

  expect(pass()).toEqual(["two"]);
});

test("a link that is pointed elsewhere, as Kubernetes mounts files, is followed", async () => {
  for (const version of ["one", "two"]) {
    await mkdir(join(folder, version));
    await writeFile(join(folder, version, "rules.yml"), passing(version));
  }
  await symlink("one", join(folder, "..data"));
  await symlink(join("..data", "rules.yml"), file);
  const rules = openPathRules({ file, logger });
  expect(rules.current().pass).toEqual(["one"]);

  await symlink("two", join(folder, "..data_tmp"));
  await rename(join(folder, "..data_tmp"), join(folder, "..data"));
  await rules.reread();
  await rules.reread();

  expect(rules.current().pass).toEqual(["two"]);
});

test.each([
  ["is malformed", () => writeFile(file, "rules: [")],
  ["has an entry that opens everything", () => writeFile(file, passing("/"))],
  ["is empty", () => writeFile(file, "")],
  ["is gone", () => rm(file)],
  [
    "is a folder",
    async () => {
      await rm(file);
      await mkdir(file);
    },
  ],
])("when the file %s the rules of before stay, and it is said once", async (_what, spoil) => {
  const { pass, look } = await opened();

  await spoil();
  await look();
  await look();

  expect(pass()).toEqual(["one"]);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^error: AUTHZ_RULES_FILE .+; the lists of before stay in force$/);

  await rm(file, { recursive: true, force: true });
  await writeFile(file, passing("two"));
  await look();

  expect(pass()).toEqual(["two"]);
});

test("each fault of a file that is changed again is said", async () => {
  const { look } = await opened();

  await writeFile(file, "rules: [");
  await look();
  await writeFile(file, "rules: {blok: []}");
  await look();

  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain('the unknown key "blok"');
});

test("a file that has become good again as it was is said to be in force", async () => {
  const { pass, look } = await opened();

  await rm(file);
  await look();
  await writeFile(file, passing("one"));
  await look();

  expect(pass()).toEqual(["one"]);
  expect(lines.at(-1)).toBe(`info: AUTHZ_RULES_FILE ${file} has been read again`);
});

test("the file is looked at by itself, until it is stopped", async () => {
  await writeFile(file, passing("one"));
  const rules = openPathRules({ file, logger });
  rules.start();
  onTestFinished(() => rules.stop());

  await writeFile(file, passing("two"));
  await vi.waitFor(() => expect(rules.current().pass).toEqual(["two"]), { timeout: 10_000, interval: 100 });

  await rules.stop();
});
