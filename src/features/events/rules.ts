/** Tells whether a name is among those that the patterns stand for; without patterns all are. */
export function nameMatcher(patterns: readonly string[]): (name: string) => boolean {
  if (patterns.length === 0) return () => true;
  const whole = new Set(patterns.filter((pattern) => !pattern.endsWith("*")));
  const beginnings = patterns
    .filter((pattern) => pattern.endsWith("*"))
    .map((pattern) => pattern.slice(0, -1));
  return (name) => whole.has(name) || beginnings.some((beginning) => name.startsWith(beginning));
}

/** A place in one log of events. */
export interface Place {
  readonly epoch: string;
  readonly position: number;
}

/** Names of logs. */
export const EPOCH = /^[\w-]{1,36}$/;

const CURSOR = /^v1\.([\w-]{1,36})\.(0|[1-9]\d{0,14})$/;

/** The place of an event as readers see it. */
export const cursorOf = ({ epoch, position }: Place): string =>
  Buffer.from(`v1.${epoch}.${position}`).toString("base64url");

/** The place that a cursor stands for; undefined for a text that is none. */
export function placeIn(cursor: string): Place | undefined {
  const [, epoch, digits] = CURSOR.exec(Buffer.from(cursor, "base64url").toString("latin1")) ?? [];
  if (epoch === undefined || digits === undefined) return undefined;
  const place = { epoch, position: Number(digits) };
  return cursorOf(place) === cursor ? place : undefined;
}
