import { type PlainPath, plainPath } from "./plain-path.js";

/** Prefixes of paths, without a leading slash, case-sensitive. */
export interface PathRules {
  /** Open to everybody. */
  readonly pass: readonly string[];
  /** Open to nobody. Stronger than `pass`. */
  readonly block: readonly string[];
}

/** What the lists say about a path. */
export type Listing =
  | { readonly says: "ambiguous" }
  | { readonly says: "block" | "pass"; readonly path: PlainPath; readonly prefix: string }
  | { readonly says: "ask"; readonly path: PlainPath };

/** What the lists say about a path as a client sent it. */
export function listingOf(sent: string, { pass, block }: PathRules): Listing {
  const path = plainPath(sent);
  if (path === undefined) return { says: "ambiguous" };
  const { resolved, unresolved = resolved } = path;
  // In whichever form a service reads it: a blocked prefix is neither reached nor left again by "..".
  const blocked = block.find((prefix) => covers(prefix, resolved) || covers(prefix, unresolved));
  if (blocked !== undefined) return { says: "block", path, prefix: blocked };
  const open = pass.find((prefix) => covers(prefix, resolved) && covers(prefix, unresolved));
  return open === undefined ? { says: "ask", path } : { says: "pass", path, prefix: open };
}

/** A prefix that ends with a slash covers the folder itself, too. */
const covers = (prefix: string, path: string): boolean => `${path}/`.startsWith(prefix);
