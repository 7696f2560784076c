import { TranscodingError, type TranscodingErrorKind } from "./error.js";

/**
 * Splits `a=1&b=2` as HTML forms write it: "+" is a space, only the first "=" of a pair counts, ";" is data.
 * Throws TranscodingError of the given kind on malformed escapes, bytes that are no UTF-8, and too many pairs.
 */
export function parsePairs(text: string, mostPairs: number, kind: TranscodingErrorKind): [string, string][] {
  const pairs: [string, string][] = [];
  // Not by split(), which makes a text of every "&" before the pairs are counted.
  for (let start = 0; start < text.length; ) {
    const ampersand = text.indexOf("&", start);
    const end = ampersand === -1 ? text.length : ampersand;
    const pair = text.slice(start, end);
    start = end + 1;
    if (pair === "") continue;
    if (pairs.length === mostPairs)
      throw new TranscodingError(kind, `there are more than ${mostPairs} parameters`);
    const equals = pair.indexOf("=");
    const name = equals === -1 ? pair : pair.slice(0, equals);
    const value = equals === -1 ? "" : pair.slice(equals + 1);
    pairs.push([decode(name, kind), decode(value, kind)]);
  }
  return pairs;
}

function decode(text: string, kind: TranscodingErrorKind): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw new TranscodingError(kind, "a parameter has a malformed percent escape");
  }
}
