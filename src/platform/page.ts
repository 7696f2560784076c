/** Which page of a list is wanted. What a client leaves out, the schema has said before a handler sees it. */
export interface PageRequest {
  /** Counted from 1. */
  readonly page?: number | undefined;
  /** Rows of a page. */
  readonly limit?: number | undefined;
}

/** The rows of a page, as a query says it. */
export interface PageRange {
  readonly offset: number;
  readonly limit: number;
}

/** A page and what it was cut from. */
export interface Paged<T> {
  readonly rows: readonly T[];
  /** Rows of all pages. */
  readonly total: number;
}

export function rangeOf({ page, limit }: PageRequest): PageRange {
  if (page === undefined || limit === undefined) throw new Error("a list without its pagination declared");
  return { offset: (page - 1) * limit, limit };
}
