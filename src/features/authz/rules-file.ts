import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { PathRules } from "./path-rules.js";

const SHIPPED: PathRules = {
  pass: ["api/v2/barong/identity", "api/v2/peatio/public"],
  block: ["api/v2/barong/management", "api/v2/peatio/management"],
};

/**
 * Reads `rules: {pass: [...], block: [...]}` from a YAML file; a list that is missing has no entries. Without a file the rules are
 * those that Barong has always shipped.
 */
export function readPathRules(file: string | undefined): PathRules {
  if (file === undefined) return SHIPPED;
  const content = contentOf(file);
  const rules = isRecord(content) ? content.rules : undefined;
  if (!isRecord(rules)) throw new Error(`AUTHZ_RULES_FILE ${file} has no top key "rules"`);
  return { pass: prefixes(rules, "pass", file), block: prefixes(rules, "block", file) };
}

function contentOf(file: string): unknown {
  try {
    return parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new Error(`AUTHZ_RULES_FILE ${file} cannot be read: ${String(cause)}`, { cause });
  }
}

function prefixes(rules: Record<string, unknown>, name: "pass" | "block", file: string): string[] {
  const entries = rules[name] ?? [];
  const isPrefix = (entry: unknown): entry is string => typeof entry === "string" && entry.trim() !== "";
  if (Array.isArray(entries) && entries.every(isPrefix))
    return entries.map((entry) => entry.replace(/^\/+/, ""));
  throw new Error(`AUTHZ_RULES_FILE ${file}: "${name}" must be a list of path prefixes`);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
