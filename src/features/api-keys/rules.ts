/** More keys than anybody needs, few enough to be looked through. */
export const MOST_KEYS = 100;

/** The words of a comma-separated scope, each once. */
export const scopeOf = (text: string): string[] => [...new Set(text.split(",").map((word) => word.trim()))];
