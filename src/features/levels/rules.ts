/** A step of verification: reached by carrying the label `key: value`. */
export interface Level {
  readonly number: number;
  readonly key: string;
  readonly value: string;
}

/** The highest level whose label, and the label of every level below it, is carried. `levels` are in ascending order. */
export function levelReached(
  levels: readonly Level[],
  labels: readonly { readonly key: string; readonly value: string }[],
): number {
  const carried = new Set(labels.map(({ key, value }) => `${key}:${value}`));
  const firstMissing = levels.findIndex(({ key, value }) => !carried.has(`${key}:${value}`));
  const reached = firstMissing === -1 ? levels : levels.slice(0, firstMissing);
  return reached.at(-1)?.number ?? 0;
}
