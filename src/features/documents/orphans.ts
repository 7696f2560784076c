import { secondsAfter } from "../../platform/clock.js";
import type { Storage } from "../../ports/storage/storage.js";
import { isKeyOfDocument } from "./file-keeper.js";
import type { DocumentStore } from "./store.js";

/** An upload that began so long ago has got its row, or never will. */
const SETTLED_SECONDS = 3600;
/** So many files without a row are no leftovers, when fewer have one. */
const MOST_LEFTOVERS = 100;

/** Deletes the files of documents that no row knows. Several processes may do it at the same time. */
export async function deleteOrphans(
  storage: Storage,
  store: Pick<DocumentStore, "keysAmong" | "isEmpty">,
  now: Date,
): Promise<void> {
  // Without a document nothing tells leftovers from the files of another database.
  if (await store.isEmpty()) return;
  for await (const page of storage.keysBefore(secondsAfter(now, -SETTLED_SECONDS))) {
    const keys = page.filter(isKeyOfDocument);
    const known = new Set(await store.keysAmong(keys));
    const leftovers = keys.filter((key) => !known.has(key));
    // A fresh or older database at the storage of a full one would otherwise empty that.
    if (leftovers.length > MOST_LEFTOVERS && leftovers.length > known.size)
      throw new Error(
        `the database knows ${known.size} of ${keys.length} files: is the storage that of another one?`,
      );
    for (const key of leftovers) await storage.delete(key);
  }
}
