import { constants } from "node:fs";
import { access, type FileHandle, mkdir, open, opendir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Clock, secondsAfter } from "../../platform/clock.js";
import { uuid } from "../../platform/random.js";
import { bounded } from "./bounded.js";
import { measured } from "./content.js";
import { judgeLink, type LinkKeys, linkQuery } from "./folder-links.js";
import { assertKey, assertLifetime, isKey } from "./rules.js";
import type { Content, OpenLink, Storage } from "./storage.js";

export interface FolderSettings {
  /** Absolute; made when it is not there. Several processes may share it. */
  readonly folder: string;
  /** Where this server answers links: the key follows after a slash. */
  readonly baseUrl: string;
  readonly linkKeys: LinkKeys;
  readonly clock: Clock;
  /** How long one operation may take. */
  readonly timeoutMs?: number;
  /** How many files are looked at for one page of keys. */
  readonly pageSize?: number;
}

export interface FolderStorage extends Storage {
  readonly open: OpenLink;
}

/** Files being written. No key begins with a dot. */
const UNFINISHED = ".unfinished";
const ABANDONED_SECONDS = 3600;

/** Keeps files in a folder of this machine, for its user alone; links lead to this server. */
export function createFolderStorage(settings: FolderSettings): FolderStorage {
  const { folder, baseUrl, linkKeys, clock, timeoutMs = 60_000, pageSize = 1000 } = settings;
  const pathOf = (key: string) => join(folder, ...key.split("/"));
  const within = <T>(operation: (signal: AbortSignal) => Promise<T>) =>
    bounded(timeoutMs, reasonOf, operation);

  /** The path of a new file with the whole content, safe on disk. */
  async function write(content: Content, signal: AbortSignal): Promise<string> {
    const path = join(folder, UNFINISHED, uuid());
    await makeFolder(dirname(path));
    const file = await open(path, "wx", 0o600);
    try {
      await writeFile(file, measured(content, signal), { signal });
      await file.utimes(clock(), clock());
      await file.sync();
    } catch (fault) {
      await rm(path, { force: true });
      throw fault;
    } finally {
      await file.close();
    }
    return path;
  }

  return {
    async put(key, content) {
      assertKey(key);
      await within(async (signal) => {
        const written = await write(content, signal);
        try {
          await makeFolder(dirname(pathOf(key)));
          signal.throwIfAborted();
          await rename(written, pathOf(key));
        } catch (fault) {
          await rm(written, { force: true });
          throw fault;
        }
        await syncFolders(pathOf(key), folder);
      });
    },

    async delete(key) {
      assertKey(key);
      await within(() => rm(pathOf(key), { force: true }));
    },

    async linkTo(key, terms) {
      assertKey(key);
      assertLifetime(terms.seconds);
      return `${baseUrl}/${key}?${linkQuery(key, terms, linkKeys, clock())}`;
    },

    async *keysBefore(moment) {
      const found = filesIn(folder, "");
      try {
        for (let page: Page = { keys: [], isLast: false }; !page.isLast; ) {
          page = await within(() => nextPage(found, moment, pageSize));
          if (page.keys.length > 0) yield page.keys;
        }
      } finally {
        await found.return(undefined);
      }
    },

    async open(key, parts) {
      if (!isKey(key)) return "invalid";
      const verdict = judgeLink(key, parts, linkKeys, clock());
      if (verdict !== "good") return verdict;
      const opened = await within(() => openFile(pathOf(key)));
      return opened === undefined ? "missing" : { ...opened, fileName: parts.name, contentType: parts.type };
    },

    async check() {
      await within(async () => {
        await makeFolder(join(folder, UNFINISHED));
        await access(folder, constants.W_OK);
        await deleteAbandoned(join(folder, UNFINISHED), secondsAfter(clock(), -ABANDONED_SECONDS));
      });
    },

    async close() {},
  };
}

interface Page {
  readonly keys: string[];
  readonly isLast: boolean;
}

interface FoundFile {
  readonly key: string;
  readonly path: string;
}

const makeFolder = (path: string) => mkdir(path, { recursive: true, mode: 0o700 });

/** A renamed file survives a power failure only once the folders on its way are on disk as well. */
async function syncFolders(path: string, root: string): Promise<void> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const handle = await open(folder, "r");
    await handle.sync().finally(() => handle.close());
    if (folder === root) return;
  }
}

async function openFile(path: string) {
  const file = await open(path, "r").catch(undefinedWhenMissing);
  if (file === undefined) return undefined;
  const { size } = await statOrClose(file);
  return { stream: file.createReadStream(), bytes: size };
}

async function statOrClose(file: FileHandle) {
  try {
    return await file.stat();
  } catch (fault) {
    await file.close();
    throw fault;
  }
}

/** Of the next files those from before a moment; of many files few may be. */
async function nextPage(found: AsyncGenerator<FoundFile, void>, moment: Date, size: number): Promise<Page> {
  const keys: string[] = [];
  for (let looked = 0; looked < size; looked++) {
    const { value: file } = await found.next();
    if (!file) return { keys, isLast: true };
    const status = await stat(file.path).catch(undefinedWhenMissing);
    if (status !== undefined && status.mtime < moment) keys.push(file.key);
  }
  return { keys, isLast: false };
}

async function* filesIn(folder: string, prefix: string): AsyncGenerator<FoundFile, void> {
  const entries = await opendir(folder).catch(undefinedWhenMissing);
  for await (const entry of entries ?? []) {
    const [key, path] = [`${prefix}${entry.name}`, join(folder, entry.name)];
    if (!isKey(key)) continue;
    if (entry.isDirectory()) yield* filesIn(path, `${key}/`);
    else if (entry.isFile()) yield { key, path };
  }
}

/** What processes have left that ended while they wrote. */
async function deleteAbandoned(folder: string, before: Date): Promise<void> {
  for await (const { name } of await opendir(folder)) {
    const path = join(folder, name);
    const status = await stat(path).catch(undefinedWhenMissing);
    if (status !== undefined && status.mtime < before) await rm(path, { force: true });
  }
}

function undefinedWhenMissing(fault: unknown): undefined {
  if (codeOf(fault) !== "ENOENT") throw fault;
  return undefined;
}

const reasonOf = (fault: unknown): string => `the folder of files cannot be used (${codeOf(fault)})`;

const codeOf = (fault: unknown): unknown =>
  fault instanceof Error && "code" in fault ? fault.code : String(fault);
