import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { systemClock } from "../../src/platform/clock.js";
import { createFolderStorage, type FolderStorage } from "../../src/ports/storage/folder-storage.js";
import { createS3Storage } from "../../src/ports/storage/s3-storage.js";
import type { Storage } from "../../src/ports/storage/storage.js";
import { serveLinks } from "./link-server.js";
import { deleteBucket, s3Settings } from "./s3.js";

/** A kind of storage the suite runs on. */
export interface TestStorage {
  readonly name: "folder" | "s3";
  /** Makes an empty storage that nobody else uses, and whose links can be followed. */
  create(limits?: Limits): Promise<FreshStorage>;
  /** A storage of this kind that is down. */
  createBroken(): Promise<FreshStorage>;
}

interface Limits {
  readonly timeoutMs?: number;
  readonly pageSize?: number;
}

export interface FreshStorage {
  readonly storage: Storage;
  drop(): Promise<void>;
}

/**
 * The storages this run is for. TEST_STORAGES names them ("folder,s3"); unset, it is the folder, and S3 too when
 * TEST_S3_URL says where it is (`http://accesskey:secretkey@127.0.0.1:9000`). S3 without an address is an error, so
 * that nobody believes to have tested it.
 */
export function testStorages(): TestStorage[] {
  const url = process.env.TEST_S3_URL;
  const names = (process.env.TEST_STORAGES ?? (url ? "folder,s3" : "folder")).split(",");
  return names.map((name) => {
    if (name === "folder") return folders;
    if (name !== "s3") throw new Error(`TEST_STORAGES names ${name}; known are folder and s3`);
    if (!url) throw new Error("TEST_STORAGES names s3, but TEST_S3_URL does not say where it is");
    return bucketsAt(url);
  });
}

/** Runs the same tests on each storage of this run. */
export function describeEachStorage(name: string, tests: (kind: TestStorage) => void): void {
  for (const kind of testStorages()) describe(`${name} (${kind.name})`, () => tests(kind));
}

/** Runs tests that make sense with S3 only, on `url`, when the run is for it. */
export function describeS3(name: string, tests: (url: string) => void): void {
  const url = process.env.TEST_S3_URL;
  if (url && testStorages().some((kind) => kind.name === "s3")) describe(name, () => tests(url));
}

const folders: TestStorage = {
  name: "folder",
  async create(limits = {}) {
    const place = await freshPlace();
    const server = await serveLinks((key, parts) => storage.open(key, parts));
    const storage: FolderStorage = createFolderStorage({
      folder: join(place.folder, "documents"),
      baseUrl: server.url,
      linkKeys: [randomBytes(32)],
      clock: systemClock,
      ...limits,
    });
    return {
      storage,
      async drop() {
        await server.close();
        await place.drop();
      },
    };
  },
  async createBroken() {
    const place = await freshPlace();
    const folder = join(place.folder, "documents");
    await writeFile(folder, "where a folder should be");
    const links = { baseUrl: "http://127.0.0.1", linkKeys: [randomBytes(32)] as const };
    return { storage: createFolderStorage({ folder, ...links, clock: systemClock }), drop: place.drop };
  },
};

const bucketsAt = (url: string): TestStorage => ({
  name: "s3",
  async create(limits = {}) {
    const settings = { ...s3Settings(url), ...limits };
    const storage = createS3Storage(settings);
    return {
      storage,
      async drop() {
        await deleteBucket(settings);
        await storage.close();
      },
    };
  },
  async createBroken() {
    // Nobody listens on port 1.
    const storage = createS3Storage({ ...s3Settings(url), endpoint: "http://127.0.0.1:1" });
    return { storage, drop: storage.close };
  },
});

async function freshPlace() {
  const folder = await mkdtemp(join(tmpdir(), "barong-test-"));
  return { folder, drop: () => rm(folder, { recursive: true, force: true }) };
}
