import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { readWebhooks, webhooksIn } from "../../src/platform/webhooks-file.js";

const secretOf = (word: string) => `whsec_${Buffer.from(word.padEnd(24, ".")).toString("base64")}`;
const [SECRET, OTHER] = [secretOf("one"), secretOf("other")];

const hook = (traits: object = {}) => ({
  name: "crm",
  url: "https://crm.example.com/h",
  secret: SECRET,
  ...traits,
});
const listOf = (...traits: object[]) => JSON.stringify(traits.map(hook));

test("webhooks are read from YAML and JSON; one without a filter is told everything", () => {
  const read = { name: "crm", url: "https://crm.example.com/h", secrets: [SECRET], events: ["*"] };

  expect(webhooksIn(listOf({}))).toEqual([read]);
  expect(
    webhooksIn(`webhooks:\n  - {name: crm, url: "https://crm.example.com/h", secret: ${SECRET}}\n`),
  ).toEqual([read]);
  expect(webhooksIn(listOf({ events: ["model.*", "*"] }))[0]?.events).toEqual(["model.*", "*"]);
  expect(webhooksIn(listOf({ url: "http://crm:8080/h?a=b" }))[0]?.url).toBe("http://crm:8080/h?a=b");
});

test("a webhook has one secret, or two while one is changed for the other", () => {
  const secretsOf = (secret: unknown) => webhooksIn(listOf({ secret }))[0]?.secrets;

  expect(secretsOf([SECRET])).toEqual([SECRET]);
  expect(secretsOf([SECRET, OTHER])).toEqual([SECRET, OTHER]);
  for (const none of [[], [SECRET, OTHER, SECRET], [SECRET, "whsec_short"], [[SECRET]], 7])
    expect(() => secretsOf(none)).toThrow("webhook 1 needs a secret, or a list of two");
});

test.each([
  ["webhooks", "it must be a list"],
  ["", "it must be a list"],
  [`{webhooks: ${listOf({})}, webhook: []}`, 'it has "webhook", which is none of webhooks'],
  [listOf({ name: "A B" }), "webhook 1 needs a name"],
  [listOf({}, {}), "two of the name crm"],
  [listOf({ url: "ftp://x" }), "needs a url"],
  [listOf({ url: "https://u:p@x" }), "needs a url"],
  [listOf({ url: "https://x/h#part" }), "needs a url"],
  [listOf({ url: "https://x/h#" }), "needs a url"],
  [listOf({ url: "http://x:25/h" }), "needs a url"],
  [listOf({ secret: "whsec_short" }), "needs a secret"],
  [listOf({ secret: `whsec_${"A".repeat(32)}` }), "needs a secret"],
  [listOf({ events: ["*.created"] }), "has events that"],
  [listOf({ events: [] }), "has events that"],
  [listOf({ events: null }), "has events that"],
  [listOf({ event: ["model.*"] }), 'has "event"'],
])("a list of webhooks that is none is told of: %s", (text, told) => {
  expect(() => webhooksIn(text)).toThrow(told);
});

test("the example of the documentation wants a secret, and is one that the server takes once it has it", async () => {
  const page = await readFile(join(import.meta.dirname, "../../docs/events.md"), "utf8");
  const shown = /```yaml\n(webhooks:.*?)```/s.exec(page)?.[1] ?? "";

  expect(() => webhooksIn(shown)).toThrow("webhook 1 needs a secret");
  expect(webhooksIn(shown.replace("whsec_…", SECRET))).toHaveLength(1);
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "barong-webhooks-file-"));
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => rm(folder, { recursive: true }));

test.each([
  [
    "a tag that is unknown",
    `- {name: crm, url: "https://x", secret: !env ${SECRET}}`,
    "(TAG_RESOLVE_FAILED)",
  ],
  ["no colon", `- name: crm\n  secret ${SECRET}: x`, "webhook 1 has a member, which is none of"],
  ["no colon at the top", `webhooks: []\nsecret ${SECRET}: x`, "it has a member, which is none of"],
  ["an open quote", `- name: crm\n  secret: "${SECRET}\n`, "it cannot be read ("],
  ["a list for the name of a member", `- ? [${SECRET}]\n  : x`, "webhook 1 has a member"],
  [
    "a name for a value elsewhere",
    `- {name: crm, url: "https://x", secret: *${SECRET.slice(6, 20)}}`,
    "it cannot be read",
  ],
])("a file with %s is told of without what it says", async (_what, text, told) => {
  const file = join(folder, "webhooks.yml");
  await writeFile(file, text);
  const written = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  const logged = vi.spyOn(console, "warn").mockImplementation(() => undefined);

  const fault = faultOf(file);

  expect(fault.message).toContain(
    `WEBHOOKS_FILE ${file}: ${told.startsWith("(") ? "it cannot be read " : ""}${told}`,
  );
  expect(`${fault.message} ${fault.stack}`).not.toContain(SECRET.slice(6, 20));
  expect(fault.cause).toBeUndefined();
  expect([...written.mock.calls, ...logged.mock.calls]).toEqual([]);
});

test("a file that is not there is told of with the system's code", () => {
  expect(faultOf(join(folder, "none.yml")).message).toContain("it cannot be read (ENOENT)");
});

function faultOf(file: string): Error {
  try {
    readWebhooks(file);
  } catch (fault) {
    if (fault instanceof Error) return fault;
  }
  throw new Error("it was read");
}
