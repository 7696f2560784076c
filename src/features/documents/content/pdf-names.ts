/** A pattern for a name in a PDF, in which each character may be written as `#` and its code. */
export const pdfName = (name: string): string =>
  `/${[...name].map((character) => `(?:${character}|#${hexPattern(character)})`).join("")}`;

/** A text with the names in it as they read. */
export const withPlainNames = (text: string): string =>
  text.replaceAll(/#([0-9A-Fa-f]{2})/g, (_escape, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );

/** Letters of a code may be capital or small. */
const hexPattern = (character: string): string =>
  character
    .charCodeAt(0)
    .toString(16)
    .replaceAll(/[a-f]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
