const TOKEN = /[\0\t\n\f\r ]+|%[^\r\n]*|<<|>>|<[^<>]*>|\/?[^\0\t\n\f\r ()<>[\]{}/%]+|[\0-\xff]/y;
const BLANK = /^[\0\t\n\f\r %]/;

export interface Found {
  readonly token: string;
  /** Where it ends. */
  readonly end: number;
}

/**
 * What follows the dictionary in the midst of which a text begins: `stream` where the dictionary describes a stream. Undefined when the
 * text ends first.
 */
export function tokenAfterDictionary(text: string): Found | undefined {
  let depth = 1;
  for (let at = 0; at < text.length; ) {
    const end = endOfToken(text, at);
    const token = text.slice(at, end);
    at = end;
    if (BLANK.test(token)) continue;
    // The next piece of the file may lengthen it.
    if (end === text.length) return undefined;
    if (depth === 0) return { token, end };
    if (token === "<<") depth += 1;
    if (token === ">>") depth -= 1;
  }
  return undefined;
}

function endOfToken(text: string, at: number): number {
  if (text[at] === "(") return endOfString(text, at);
  TOKEN.lastIndex = at;
  return TOKEN.test(text) ? TOKEN.lastIndex : text.length;
}

/** Parentheses in a string come in pairs, or after a backslash. */
function endOfString(text: string, from: number): number {
  let open = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "(") open += 1;
    else if (text[at] === ")") open -= 1;
    if (open === 0) return at + 1;
  }
  return text.length;
}
