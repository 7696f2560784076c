import { secondsAfter } from "../../platform/clock.js";
import type { Storage } from "../../ports/storage/storage.js";
import { isKeyOfDocument } from "./file-keeper.js";
import type { DocumentStore } from "./store.js";

/** An upload that began so long ago has got its row, or never will. */
const SETTLED_SECONDS = 3600;
/** So many files without a row are no leftovers, when none has one. */
const MOST_LEFTOVERS = 100;

/** Deletes the files of documents that no row knows. Several processes may do it at the same time. */
export async function deleteOrphans(
  storage: Storage,
  store: Pick<DocumentStore, "keysAmong">,
  now: Date,
): Promise<void> {
  for await (const page of storage.keysBefore(secondsAfter(now, -SETTLED_SECONDS))) {
    const keys = page.filter(isKeyOfDocument);
    const known = new Set(await store.keysAmong(keys));
    // An empty database at the storage of a full one would otherwise empty that.
    if (known.size === 0 && keys.length > MOST_LEFTOVERS)
      throw new Error(`the database knows none of ${keys.length} files: is the storage that of another one?`);
    for (const key of keys) if (!known.has(key)) await storage.delete(key);
  }
}
