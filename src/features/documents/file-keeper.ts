import type { FileContent } from "../../platform/call.js";
import { beyondCall } from "../../platform/deadline.js";
import { randomHex } from "../../platform/random.js";
import type { Storage } from "../../ports/storage/storage.js";
import type { FileType } from "./content/file-type.js";

/** Uploads of one request on their way to the storage at the same time. */
const MOST_AT_ONCE = 3;

/** Of everything in the storage, what is ours. */
const FOLDER = "documents/";

export const isKeyOfDocument = (key: string): boolean => key.startsWith(FOLDER);

export interface AcceptedFile {
  readonly name: string;
  readonly content: FileContent;
  readonly type: FileType;
}

/** A file that is in the storage. */
export interface KeptFile extends AcceptedFile {
  readonly key: string;
}

export function createFileKeeper(storage: Storage) {
  async function keep(file: AcceptedFile): Promise<KeptFile> {
    const key = freshKey();
    const { open, bytes } = file.content;
    await storage.put(key, { open, bytes, contentType: file.type });
    return { ...file, key };
  }

  /** Takes files out of the storage again, as far as it lets; the sweep finds what is left. */
  async function discard(files: readonly KeptFile[]): Promise<void> {
    await beyondCall(() => Promise.allSettled(files.map(({ key }) => storage.delete(key))));
  }

  return {
    /** Puts files into the storage; all of them, or none when it throws. */
    async keepAll(files: readonly AcceptedFile[]): Promise<KeptFile[]> {
      const kept = new Map<AcceptedFile, KeptFile>();
      const waiting = [...files];
      const keepWaiting = async () => {
        for (let file = waiting.shift(); file !== undefined; file = waiting.shift())
          kept.set(file, await keep(file));
      };
      const turns = Array.from({ length: MOST_AT_ONCE }, () =>
        keepWaiting().catch((fault: unknown) => {
          waiting.length = 0;
          throw fault;
        }),
      );
      const outcomes = await Promise.allSettled(turns);
      const failed = outcomes.find((outcome) => outcome.status === "rejected");
      if (failed === undefined) return files.flatMap((file) => kept.get(file) ?? []);
      await discard([...kept.values()]);
      throw failed.reason;
    },

    discard,
  };
}

export type FileKeeper = ReturnType<typeof createFileKeeper>;

/** Tells nothing about whose file it is, or what it is called. Of each of the 256 folders a listing is short. */
function freshKey(): string {
  const name = randomHex(20);
  return `${FOLDER}${name.slice(0, 2)}/${name}`;
}
