/** A path in the forms in which services behind the gateway may understand it, without slashes at its ends. */
export interface PlainPath {
  /** No repeated slashes, escapes read, `.` and `..` resolved. */
  readonly resolved: string;
  /** The same with `.` and `..` left where they are; only where there are any. */
  readonly unresolved?: string;
}

const LONGEST = 8192;

/**
 * A path, as a client sent it, in plain words: repeated slashes become one, escapes are read once, letter case stays. Undefined for a
 * path that one service might understand so and another one otherwise: of escaped slashes, dots or per cent signs, parameters behind
 * `;`, backslashes, control characters, bytes that are no UTF-8, and of `..` above the root.
 */
export function plainPath(sent: string): PlainPath | undefined {
  if (sent.length > LONGEST) return undefined;
  if (!PECULIAR.test(sent)) return { resolved: withoutEnds(sent) };
  const segments: string[] = [];
  for (const written of sent.split("/")) {
    if (written === "") continue;
    const segment = plainSegment(written);
    if (segment === undefined) return undefined;
    segments.push(segment);
  }
  const resolved = resolvedDots(segments);
  if (resolved === undefined) return undefined;
  const path = resolved.join("/");
  return resolved.length === segments.length
    ? { resolved: path }
    : { resolved: path, unresolved: segments.join("/") };
}

/** What a plain path of which nothing has to be read or resolved does not have. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const PECULIAR = /[%;#\\\u0000-\u0020\u007f-\uffff]|\/\/|(?:^|\/)\./;

function withoutEnds(path: string): string {
  const start = path.startsWith("/") ? 1 : 0;
  return path.slice(start, path.endsWith("/") ? Math.max(start, path.length - 1) : undefined);
}

function plainSegment(written: string): string | undefined {
  // A target is ASCII; what is not was meant to be escaped, by whom nobody knows.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[#\u0000-\u0020\u007f-\uffff]/.test(written)) return undefined;
  const segment = decoded(written);
  if (segment === undefined) return undefined;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[/\\;\u0000-\u001f\u007f]|%[0-9a-f]{2}/i.test(segment)) return undefined;
  const isDots = segment === "." || segment === "..";
  return isDots && segment !== written ? undefined : segment;
}

function decoded(written: string): string | undefined {
  try {
    return decodeURIComponent(written);
  } catch {
    return undefined;
  }
}

function resolvedDots(segments: readonly string[]): string[] | undefined {
  const resolved: string[] = [];
  for (const segment of segments) {
    if (segment === ".") continue;
    if (segment !== "..") resolved.push(segment);
    else if (resolved.pop() === undefined) return undefined;
  }
  return resolved;
}
