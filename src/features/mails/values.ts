/** On one line, without characters that are not seen or turn the direction of a text, and not longer than `most` characters. */
export function plainLine(text: string, most: number): string {
  const visible = text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  const characters = [...visible];
  return characters.length <= most ? visible : `${characters.slice(0, most - 1).join("")}…`;
}

/** To the minute, so that everybody reads the same whatever the language. */
export const shownTime = (moment: Date): string =>
  `${moment.toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** Enough of a key's id to find it in the list. */
export const shortenedKid = (kid: string): string => `${kid.slice(0, 8)}…`;

/** As many as fit into a line of a notice. */
const MAX_SHOWN_KIDS = 9;

/** Several keys, the first ones by their ids and the others by their number. */
export function shownKids(kids: readonly string[]): string {
  const shown = kids.slice(0, MAX_SHOWN_KIDS).map(shortenedKid);
  const others = kids.length - shown.length;
  return [...shown, ...(others > 0 ? [`+${others}`] : [])].join(", ");
}

// The first that is found names it: others call themselves Chrome or Safari as well.
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, "Edge"],
  [/\b(?:OPR|Opera)\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\bYaBrowser\//, "Yandex Browser"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\b(?:Chrome|CriOS|HeadlessChrome)\//, "Chrome"],
  [/\bVersion\/[\d.]+.* Safari\//, "Safari"],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bWindows\b/, "Windows"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bMac OS X\b|\bMacintosh\b/, "macOS"],
  [/\bLinux\b/, "Linux"],
];

/**
 * A device by the name its browser gives itself, such as `Firefox, Windows`. The rest of what it says is left out: it is chosen by whoever
 * signs in, who could have us deliver any sentence or address to somebody else. Empty when it says nothing that we know.
 */
export function deviceName(userAgent: string): string {
  const named = (names: typeof BROWSERS) => names.find(([pattern]) => pattern.test(userAgent))?.[1];
  const known = [named(BROWSERS), named(SYSTEMS)].filter((name) => name !== undefined);
  if (known.length > 0) return known.join(", ");
  // A program: its name without anything that a mail reader could take for an address.
  const [, program = ""] = /^([A-Za-z][A-Za-z0-9_-]{0,29})(?:\/[\d.]+)?(?: |$)/.exec(userAgent) ?? [];
  return program;
}
