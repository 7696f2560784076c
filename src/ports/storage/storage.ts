import type { Readable } from "node:stream";

/** What is to be stored. */
export interface Content {
  /** From its first byte; called as often as the content has to be read. */
  open(): Readable;
  readonly bytes: number;
  readonly contentType: string;
}

/** How a link serves what it leads to. */
export interface LinkTerms {
  /** Life of the link, from 1 second to 7 days. */
  readonly seconds: number;
  /** The name under which a browser saves the file. */
  readonly fileName: string;
  readonly contentType: string;
}

/** The parts of a link that leads to this server, as they came back. */
export interface LinkParts {
  /** Seconds since 1970. */
  readonly expires: number;
  readonly name: string;
  readonly type: string;
  readonly signature: string;
}

/** A stored file on its way out. `stream` must be read or destroyed. */
export interface OpenedFile {
  readonly stream: Readable;
  readonly bytes: number;
  readonly fileName: string;
  readonly contentType: string;
}

/**
 * Keeps files out of the database. Keys are ours: segments of `a-z`, `0-9`, `_` and `-` between slashes, 255 characters at most; no
 * key is the folder of another. Everything throws {@link StorageUnavailable}, and none of it takes longer than a minute.
 */
export interface Storage {
  /** Stores or replaces. When it throws, nothing of the new content can be read. Throws {@link ContentBroken}. */
  put(key: string, content: Content): Promise<void>;
  /** Nothing happens when it is not there. */
  delete(key: string): Promise<void>;
  /** A signed address that serves the file as an attachment to whoever has it, until it expires. Asks nobody. */
  linkTo(key: string, terms: LinkTerms): Promise<string>;
  /** Pages of at most 1000 keys that were last stored before a moment, in no order. */
  keysBefore(moment: Date): AsyncIterable<string[]>;
  /** Opens what a link leads to. Absent where links lead to another server than this one. */
  readonly open?: OpenLink;
  /** Resolves when files can be stored. Makes the folder or bucket when there is none. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** `invalid`: not a link of ours. `missing`: its file has been deleted. */
export type OpenLink = (
  key: string,
  parts: LinkParts,
) => Promise<OpenedFile | "expired" | "invalid" | "missing">;

/** The storage is down, too slow, or refuses our credentials. Its message is fit for logs. */
export class StorageUnavailable extends Error {
  override name = "StorageUnavailable";
}

/** The content could not be read to its end, or is not as long as announced. */
export class ContentBroken extends Error {
  override name = "ContentBroken";
}
