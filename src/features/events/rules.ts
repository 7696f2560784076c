/** Tells whether a name is among those that the patterns stand for; without patterns all are. */
export function nameMatcher(patterns: readonly string[]): (name: string) => boolean {
  if (patterns.length === 0) return () => true;
  const whole = new Set(patterns.filter((pattern) => !pattern.endsWith("*")));
  const beginnings = patterns
    .filter((pattern) => pattern.endsWith("*"))
    .map((pattern) => pattern.slice(0, -1));
  return (name) => whole.has(name) || beginnings.some((beginning) => name.startsWith(beginning));
}

const CURSOR = /^v1\.(0|[1-9]\d{0,14})$/;

/** The place of an event as readers see it. */
export const cursorOf = (position: number): string => Buffer.from(`v1.${position}`).toString("base64url");

/** The place that a cursor stands for; undefined for a text that is none. */
export function positionIn(cursor: string): number | undefined {
  const [, digits] = CURSOR.exec(Buffer.from(cursor, "base64url").toString("latin1")) ?? [];
  const position = digits === undefined ? undefined : Number(digits);
  return position !== undefined && cursorOf(position) === cursor ? position : undefined;
}
