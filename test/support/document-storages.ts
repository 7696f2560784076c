import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { systemClock } from "../../src/platform/clock.js";
import { createFolderStorage } from "../../src/ports/storage/folder-storage.js";
import { createS3Storage } from "../../src/ports/storage/s3-storage.js";
import type { Storage } from "../../src/ports/storage/storage.js";
import { describeEachDatabase, type TestDatabase } from "./databases.js";
import { deleteBucket, s3Settings } from "./s3.js";
import { testStorages } from "./storages.js";

/** A storage for the documents of a server, seen from beside it. */
export interface DocumentStorage {
  /** What tells a server to keep its documents there. */
  readonly environment: Readonly<Record<string, string>>;
  readonly storage: Storage;
  drop(): Promise<void>;
}

/** Runs the same tests on each database and each storage of this run, each time with a storage that nobody else uses. */
export function describeEachDatabaseAndStorage(
  name: string,
  tests: (database: TestDatabase, storage: DocumentStorage) => void,
): void {
  for (const { name: kind } of testStorages()) {
    describe(kind, () =>
      describeEachDatabase(name, (database) => tests(database, kind === "s3" ? inBucket() : inFolder())),
    );
  }
}

export function inFolder(): DocumentStorage {
  const place = mkdtempSync(join(tmpdir(), "barong-documents-"));
  const folder = join(place, "documents");
  return {
    environment: { DOCUMENTS_FOLDER: folder },
    storage: createFolderStorage({ folder, baseUrl: "", linkKeys: [new Uint8Array(32)], clock: systemClock }),
    drop: () => rm(place, { recursive: true, force: true }),
  };
}

function inBucket(): DocumentStorage {
  const settings = s3Settings(process.env.TEST_S3_URL ?? "");
  const storage = createS3Storage(settings);
  return {
    environment: {
      STORAGE_URL: settings.endpoint,
      STORAGE_BUCKET_NAME: settings.bucket,
      STORAGE_ACCESS_KEY: settings.accessKey,
      STORAGE_SECRET_KEY: settings.secretKey,
    },
    storage,
    async drop() {
      await deleteBucket(settings);
      await storage.close();
    },
  };
}

/** The keys of everything in a storage. */
export async function keysIn(storage: Storage): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of storage.keysBefore(new Date("9999-01-01T00:00:00Z"))) keys.push(...page);
  return keys;
}
