import type { Paged, PageRange } from "../../platform/page.js";
import { type Selection, selectionOf } from "./search-rules.js";
import { sliceOf } from "./slice.js";
import type { AccountStore, ListedAccount } from "./store.js";

export type { ListedAccount } from "./store.js";

export interface Search {
  /** A column of accounts, such as `email`. */
  readonly field: string;
  /** The first part of a text; the whole of a number or a boolean. */
  readonly value: string;
}

/** All accounts, page by page. A page costs the same wherever it lies, but for passing over the ids before or behind it. */
export function createDirectory({ store }: { readonly store: AccountStore }) {
  async function pageOf(range: PageRange, selection?: Selection): Promise<Paged<ListedAccount>> {
    const { total, newestId } = await store.count(selection);
    const slice = sliceOf(range, total);
    if (!slice) return { rows: [], total };
    const ids = await store.idsIn(slice, { selection, newestId });
    const accounts = new Map((await store.listed(ids)).map((account) => [account.id, account]));
    return { rows: ids.flatMap((id) => accounts.get(id) ?? []), total };
  }

  return {
    /** Oldest first. */
    list: (range: PageRange): Promise<Paged<ListedAccount>> => pageOf(range),

    /** In the order of the field that is searched, and oldest first where it is the same. */
    async search({ field, value }: Search, range: PageRange): Promise<Paged<ListedAccount>> {
      const selection = selectionOf(field, value);
      return selection ? pageOf(range, selection) : { rows: [], total: 0 };
    },
  };
}

export type Directory = ReturnType<typeof createDirectory>;
