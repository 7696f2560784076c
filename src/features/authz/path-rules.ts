/** Prefixes of paths, without a leading slash, case-sensitive. */
export interface PathRules {
  /** Open to everybody. */
  readonly pass: readonly string[];
  /** Open to nobody. Stronger than `pass`. */
  readonly block: readonly string[];
}

export type PathVerdict = "pass" | "block" | "ask";

/** What the rules say about a path; a path whose meaning is uncertain is blocked. */
export function verdictOn(path: string, { pass, block }: PathRules): PathVerdict {
  const plain = plainPath(path);
  if (plain === undefined) return "block";
  // As it was sent as well: a blocked prefix is not left again by "..".
  const sent = path.replace(/^\/+/, "");
  if (block.some((prefix) => covers(prefix, plain) || sent.startsWith(prefix))) return "block";
  return pass.some((prefix) => covers(prefix, plain)) ? "pass" : "ask";
}

/**
 * The path as the service behind the gateway will understand it: no repeated slashes, `.` and `..` resolved. Undefined when
 * that service might understand it in another way, because of escapes, backslashes or control characters.
 *
 * `path` has been percent-decoded once; what is still escaped would be decoded by somebody else.
 */
export function plainPath(path: string): string | undefined {
  if (/%[0-9a-f]{2}/i.test(path) || hasControlOrBackslash(path)) return undefined;
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    // Some servers cut a segment off at its parameters before they resolve it.
    if (/^\.\.?;/.test(segment)) return undefined;
    if (segment !== "..") segments.push(segment);
    else if (segments.pop() === undefined) return undefined;
  }
  return segments.join("/");
}

/** A prefix that ends with a slash covers the folder itself, too. */
const covers = (prefix: string, plain: string): boolean => `${plain}/`.startsWith(prefix);

const hasControlOrBackslash = (path: string): boolean =>
  [...path].some((character) => character === "\\" || character < " " || character === "\u007f");
