import { expect, test } from "vitest";
import { pathRulesIn } from "../../../src/features/authz/rules-text.js";

test("a file of Barong 2 says the same here", () => {
  const text = [
    "# Paths that need no session",
    "rules:",
    "  pass:",
    "    - api/v2/barong/identity",
    "    - /api/v2/peatio/public",
    "  block:",
    "    - 'api/v2/barong/management'",
    "",
  ].join("\n");

  expect(pathRulesIn(text)).toEqual({
    pass: ["api/v2/barong/identity", "api/v2/peatio/public"],
    block: ["api/v2/barong/management"],
  });
});

test.each([
  ["a list that is missing", "rules: {pass: [a]}", { pass: ["a"], block: [] }],
  [
    "a list whose entries are all comments",
    "rules:\n  pass:\n    # - a\n  block: [b]",
    { pass: [], block: ["b"] },
  ],
  ["no list at all", "rules: {}", { pass: [], block: [] }],
  ["another key on top", "version: 2\nrules: {block: [b]}\nroles: [x]", { pass: [], block: ["b"] }],
  ["an entry that is referred to", "x: &x a/b\nrules: {pass: [*x]}", { pass: ["a/b"], block: [] }],
  ["JSON", '{"rules": {"pass": ["a"]}}', { pass: ["a"], block: [] }],
])("%s is borne", (_what, text, rules) => {
  expect(pathRulesIn(text)).toEqual(rules);
});

const BOMB = [
  "a: &a [x, x, x, x, x, x, x, x, x]",
  ..."bcdefghi".split("").map((name, at) => {
    const before = "abcdefgh"[at];
    return `${name}: &${name} [${Array(9).fill(`*${before}`).join(", ")}]`;
  }),
  "rules: {pass: *i}",
].join("\n");

test.each([
  ["nothing", "", 'no top key "rules"'],
  ["a list", "- rules", 'no top key "rules"'],
  ["no rules", "pass: [a]", 'no top key "rules"'],
  ["empty rules", "rules:", 'no top key "rules"'],
  ["rules that are a list", "rules: [a]", 'no top key "rules"'],
  ["a misspelt list", "rules: {pass: [a], blok: [b]}", 'the unknown key "blok"'],
  ["a text for a list", "rules: {pass: api}", '"pass" is no list of path prefixes'],
  ["an object for a list", "rules: {block: {a: b}}", '"block" is no list of path prefixes'],
  ["an empty entry", "rules: {pass: ['']}", '"pass" has the entry ""'],
  ["a blank entry", "rules: {pass: ['  ']}", '"pass" has the entry "  "'],
  ["an entry for everything", "rules: {pass: [/]}", '"pass" has the entry "/", which every path begins with'],
  [
    "an entry without a text",
    "rules:\n  block:\n    - a\n    -\n",
    '"block" has an entry that is no text: null',
  ],
  ["a number", "rules: {block: [1]}", '"block" has an entry that is no text: 1'],
  ["ERB", "rules:\n  pass:\n    - <%= ENV['PREFIX'] %>/x\n", "ERB"],
  ["broken YAML", "rules: {pass: [a", "it is no YAML"],
  ["tabs", "rules:\n\tpass: [a]", "it is no YAML"],
  ["a key that is there twice", "rules: {pass: [a], pass: [b]}", "it is no YAML"],
  ["two documents", "rules: {}\n---\nrules: {}", "it is no YAML"],
  ["a reference to nothing", "rules: {pass: [*x]}", "it is no YAML"],
  ["references that unfold without end", BOMB, "it is no YAML"],
  ["brackets without end", "[".repeat(32_000), "it is no YAML"],
  ["braces without end", "{a: ".repeat(8_000), "it is no YAML"],
])("%s is refused in one sentence, and soon", { timeout: 20_000 }, (_what, text, sentence) => {
  const began = performance.now();

  expect(() => pathRulesIn(text)).toThrow(sentence);

  // Without a bound the references alone take longer than anybody waits.
  expect(performance.now() - began).toBeLessThan(15_000);
});

test("the sentence has one line", () => {
  let sentence = "";
  try {
    pathRulesIn("rules: {pass: [a\n  b: c");
  } catch (fault) {
    sentence = String(fault);
  }

  expect(sentence).toMatch(/^Error: it is no YAML: .+ at line \d+, column \d+$/);
});
