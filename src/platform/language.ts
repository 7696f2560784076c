/** The longest tag that is kept. */
const LONGEST_TAG = 35;

/** A language tag such as `pt-BR` as somebody has named it; null when it is none. */
export const languageTag = (text: string | undefined): string | null =>
  text !== undefined && text.length <= LONGEST_TAG && /^[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*$/.test(text)
    ? text
    : null;
