import { parse } from "yaml";
import type { PathRules } from "./path-rules.js";

const LISTS = ["pass", "block"];

/**
 * What a text in YAML says: `rules: {pass: [...], block: [...]}`, as in Barong 2; a list that is missing or has nothing in it has no
 * entries. Throws an Error of one sentence for what may not mean what its writer thinks.
 */
export function pathRulesIn(text: string): PathRules {
  if (text.includes("<%"))
    throw new Error(
      'it has ERB in it ("<%"), which is not run here: write the values themselves in its place',
    );
  const content = contentOf(text);
  const rules = isRecord(content) ? content.rules : undefined;
  if (!isRecord(rules)) throw new Error('it has no top key "rules" with the lists "pass" and "block"');
  const unknown = Object.keys(rules).find((key) => !LISTS.includes(key));
  if (unknown !== undefined)
    throw new Error(`"rules" has the unknown key "${unknown}"; known are "pass" and "block"`);
  return { pass: prefixes(rules, "pass"), block: prefixes(rules, "block") };
}

function contentOf(text: string): unknown {
  try {
    // References are followed a hundred times at most, so that a small text does not become a huge list.
    return parse(text, { maxAliasCount: 100, logLevel: "error" });
  } catch (cause) {
    const [line = ""] = (cause instanceof Error ? cause.message : String(cause)).split("\n");
    throw new Error(`it is no YAML: ${line.replace(/:$/, "")}`, { cause });
  }
}

function prefixes(rules: Readonly<Record<string, unknown>>, name: keyof PathRules): string[] {
  const entries = rules[name] ?? [];
  if (!Array.isArray(entries)) throw new Error(`"${name}" is no list of path prefixes`);
  return entries.map((entry: unknown) => prefixIn(entry, name));
}

/** What a plain path is made of. */
const MATCHABLE = /^[\p{L}\p{N}\-._~!$&'()+,=:@/]+$/u;

function prefixIn(entry: unknown, name: string): string {
  if (typeof entry !== "string")
    throw new Error(`"${name}" has an entry that is no text: ${JSON.stringify(entry)}`);
  const prefix = entry.replace(/^\/+/, "");
  // An entry that was forgotten to be filled in would open everything, or nothing.
  if (prefix.trim() === "")
    throw new Error(`"${name}" has the entry "${entry}", which every path begins with`);
  // A pattern, or a path in another spelling, would block nothing, and nobody would notice.
  if (!MATCHABLE.test(prefix) || /\/\/|(?:^|\/)\.{1,2}(?:\/|$)/.test(prefix))
    throw new Error(`"${name}" has the entry "${entry}", which no path begins with: write a plain prefix`);
  return prefix;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
