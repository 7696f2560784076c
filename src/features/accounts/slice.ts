import type { PageRange } from "../../platform/page.js";

/** How to come by the rows of a page: how many to pass over, counted from the start of the list or from its end. */
export interface Slice extends PageRange {
  readonly fromEnd: boolean;
}

/** The shorter way to a page of a list of `total` rows; undefined for a page beyond its end. */
export function sliceOf({ offset, limit }: PageRange, total: number): Slice | undefined {
  const rows = Math.min(limit, total - offset);
  if (rows <= 0) return undefined;
  const behind = total - offset - rows;
  return behind < offset
    ? { offset: behind, limit: rows, fromEnd: true }
    : { offset, limit: rows, fromEnd: false };
}
