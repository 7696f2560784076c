// White space as the schema's rules count it, which is one more than JavaScript does: U+0085 ends a line in old texts.
const INSIDE = /[\s\u0085]+/g;

/** Without white space around. By hand, as a pattern for the end of a text is tried at each blank inside it. */
export function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhite(text.charAt(start))) start += 1;
  while (end > start && isWhite(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Without white space around, and inside never more of it than one blank. */
export const squeezed = (text: string): string => text.replaceAll(INSIDE, " ").trim();

const isWhite = (character: string): boolean => character === "\u0085" || character.trim() === "";
