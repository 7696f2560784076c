/** More keys than anybody needs, few enough to be looked through. */
export const MOST_KEYS = 100;

/** The words of a comma-separated scope, each once. */
export const scopeOf = (text: string): string[] => [...new Set(text.split(",").map((word) => word.trim()))];

/** Whether a text has the form of a key's name. MySQL overlooks blanks at the end of what it compares. */
export const isKid = (text: string): boolean => /^[0-9a-f]{16}$/.test(text);
