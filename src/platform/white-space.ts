// White space as the schema's rules count it, which is one more than JavaScript does: U+0085 ends a line in old texts.
const AROUND = /^[\s\u0085]+|[\s\u0085]+$/g;
const INSIDE = /[\s\u0085]+/g;

/** Without white space around. */
export const trimmed = (text: string): string => text.replaceAll(AROUND, "");

/** Without white space around, and inside never more of it than one blank. */
export const squeezed = (text: string): string => text.replaceAll(INSIDE, " ").trim();
