import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { createFileKeeper } from "../../../src/features/documents/file-keeper.js";
import { deleteOrphans } from "../../../src/features/documents/orphans.js";
import { type Storage, StorageUnavailable } from "../../../src/ports/storage/storage.js";

const NOW = new Date("2026-01-02T03:04:05Z");

/** A storage that can be told at which upload to break. */
function storageInMemory({ breaksAt = Number.POSITIVE_INFINITY, deletes = true } = {}) {
  const keys = new Set<string>();
  const askedFor: Date[] = [];
  let puts = 0;
  let atOnce = 0;
  const seen = { mostAtOnce: 0 };
  const storage: Storage = {
    async put(key) {
      puts += 1;
      const isBroken = puts >= breaksAt;
      atOnce += 1;
      seen.mostAtOnce = Math.max(seen.mostAtOnce, atOnce);
      await new Promise((resolve) => setTimeout(resolve, 5));
      atOnce -= 1;
      if (isBroken) throw new StorageUnavailable("full");
      keys.add(key);
    },
    async delete(key) {
      if (!deletes) throw new StorageUnavailable("down");
      keys.delete(key);
    },
    linkTo: async (key) => `https://files.example.com/${key}`,
    async *keysBefore(moment) {
      askedFor.push(moment);
      yield [...keys];
    },
    async check() {},
    async close() {},
  };
  return { storage, keys, askedFor, seen };
}

const files = Array.from({ length: 10 }, (_, number) => ({
  name: `${number}.png`,
  type: "image/png" as const,
  content: { bytes: 1, isTooLarge: false, open: () => Readable.from(["x"], { objectMode: false }) },
}));

test("files are stored in their order, a few at a time, under names that tell nothing", async () => {
  const { storage, keys, seen } = storageInMemory();

  const kept = await createFileKeeper(storage).keepAll(files);

  expect(kept.map(({ name }) => name)).toEqual(files.map(({ name }) => name));
  expect(new Set(kept.map(({ key }) => key))).toEqual(keys);
  expect(keys.size).toBe(10);
  for (const key of keys) expect(key).toMatch(/^documents\/([0-9a-f]{2})\/\1[0-9a-f]{38}$/);
  expect(seen.mostAtOnce).toBe(3);
});

test("when one file cannot be stored, those stored before are deleted, and no more are stored", async () => {
  for (const breaksAt of [1, 2, 5, 10]) {
    const { storage, keys } = storageInMemory({ breaksAt });

    await expect(createFileKeeper(storage).keepAll(files)).rejects.toThrow("full");

    expect(keys.size).toBe(0);
  }
});

test("a storage that cannot delete either does not hide why a file could not be stored", async () => {
  const { storage, keys } = storageInMemory({ breaksAt: 5, deletes: false });

  await expect(createFileKeeper(storage).keepAll(files)).rejects.toThrow("full");

  expect(keys.size).toBeGreaterThan(0);
});

test("the sweep deletes files of documents that have no row, an hour after they were stored", async () => {
  const { storage, keys, askedFor } = storageInMemory();
  for (const key of ["documents/aa/known", "documents/aa/lost", "backups/aa/other"]) keys.add(key);

  await deleteOrphans(storage, databaseThatKnows(["documents/aa/known"]), NOW);

  expect([...keys]).toEqual(["documents/aa/known", "backups/aa/other"]);
  expect(askedFor).toEqual([new Date("2026-01-02T02:04:05Z")]);
});

test("a database that knows few of many files deletes none", async () => {
  const { storage, keys } = storageInMemory();
  for (let number = 0; number < 151; number++) keys.add(`documents/aa/${number}`);

  await expect(deleteOrphans(storage, databaseThatKnows(["documents/aa/7"]), NOW)).rejects.toThrow(
    "knows 1 of 151 files",
  );

  expect(keys.size).toBe(151);
});

test("a database without a document deletes none, however few there are", async () => {
  const { storage, keys } = storageInMemory();
  keys.add("documents/aa/somebody");

  await deleteOrphans(storage, databaseThatKnows([]), NOW);

  expect(keys.size).toBe(1);
});

const databaseThatKnows = (keys: readonly string[]) => ({
  isEmpty: async () => keys.length === 0,
  keysAmong: async (asked: readonly string[]) => asked.filter((key) => keys.includes(key)),
});
