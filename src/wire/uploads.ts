import { type FileHandle, open, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { create, type DescMessage, type DescMethod, type Message } from "@bufbuild/protobuf";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import type { FileContent } from "../platform/call.js";
import { Failure } from "../platform/failure.js";
import { randomHex } from "../platform/random.js";
import type { FormFile } from "../transcoding/form.js";
import type { ArrivingFile } from "../transcoding/options.js";
import type { RestCall } from "../transcoding/rest-call.js";
import { type FileBounds, fileBoundsOf, formBytesOf } from "./file-fields.js";

/** The spools of calls whose methods take files. */
export function createSpools(methods: Iterable<DescMethod>) {
  const formBytes = new Map<DescMethod, number>();
  for (const method of methods) {
    const bytes = formBytesOf(method);
    if (bytes !== undefined) formBytes.set(method, bytes);
  }
  const spools = new WeakMap<RestCall, Spool>();
  let receiving = 0;
  const places = {
    take() {
      if (receiving >= MOST_AT_ONCE) throw new Failure(ErrorReason.OVERLOADED, { retryAfterSeconds: 10 });
      receiving += 1;
    },
    leave() {
      receiving -= 1;
    },
  };
  return {
    longestForm: Math.max(0, ...formBytes.values()),
    formBytes: (method: DescMethod): number | undefined => formBytes.get(method),
    /** The spool of a call, to be closed when the call ends; undefined when its method takes no files. */
    open(rest: RestCall): Spool | undefined {
      if (!formBytes.has(rest.method)) return undefined;
      const spool = new Spool({ places });
      spools.set(rest, spool);
      return spool;
    },
    receiveFile: (file: ArrivingFile): Promise<Message> | undefined => spools.get(file.call)?.receive(file),
  };
}

/** Forms with files that a process takes in at the same time: they share the disk. */
const MOST_AT_ONCE = 32;

/** Who may take files in. */
export interface Places {
  /** Throws Failure OVERLOADED when all are taken. */
  take(): void;
  leave(): void;
}

export interface SpoolNeeds {
  readonly openFile?: OpenFile;
  readonly places?: Places;
}

/** Opens a new, empty file that nobody else can reach. */
export type OpenFile = () => Promise<FileHandle>;

/** The files of one form. They lie on disk while the call lasts: those of a few calls would fill the memory. */
export class Spool {
  private readonly contents = new Map<Message, FileContent | undefined>();
  private readonly handles: FileHandle[] = [];
  private readonly openFile: OpenFile;
  private readonly places: Places | undefined;
  private hasPlace = false;

  constructor({ openFile = openUnlinked, places }: SpoolNeeds = {}) {
    this.openFile = openFile;
    this.places = places;
  }

  /** Takes a file in, as far as its field allows; undefined when the field takes none. Throws Failure UNAVAILABLE when it cannot be stored. */
  receive(file: FormFile): Promise<Message> | undefined {
    const bounds = fileBoundsOf(file.field);
    const { message } = file.field;
    return bounds && message && this.take(file, message, bounds);
  }

  has(file: Message): boolean {
    return this.contents.has(file);
  }

  /** Undefined for a file beyond those that its field takes. */
  contentOf(file: Message): FileContent | undefined {
    return this.contents.get(file);
  }

  /** Nothing can be read or received any more. */
  async close(): Promise<void> {
    if (this.hasPlace) this.places?.leave();
    this.hasPlace = false;
    await Promise.allSettled(this.handles.map((handle) => handle.close()));
  }

  private async take(
    { index, filename, contentType, data }: FormFile,
    schema: DescMessage,
    { mostBytes, mostFiles }: FileBounds,
  ): Promise<Message> {
    const file = create(schema, { filename, contentType });
    this.contents.set(file, index < mostFiles ? await this.store(data, mostBytes) : undefined);
    return file;
  }

  private takePlace(): void {
    if (this.hasPlace) return;
    this.places?.take();
    this.hasPlace = true;
  }

  private async store(data: AsyncIterable<Buffer>, mostBytes: number): Promise<FileContent> {
    this.takePlace();
    const handle = await onDisk(this.openFile);
    this.handles.push(handle);
    let bytes = 0;
    for await (const piece of data) {
      // One byte too many tells that the file is too large.
      const kept = piece.subarray(0, mostBytes + 1 - bytes);
      await onDisk(() => writeAll(handle, kept, bytes));
      bytes += kept.length;
      if (bytes > mostBytes) break;
    }
    return { bytes, isTooLarge: bytes > mostBytes, open: () => readableOf(handle, bytes) };
  }
}

/** The file has no name any more before a byte is in it, so that even a crash leaves nothing behind. */
async function openUnlinked(): Promise<FileHandle> {
  const path = join(tmpdir(), `upload-${randomHex(16)}`);
  const handle = await open(path, "wx+", 0o600);
  try {
    await unlink(path);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function writeAll(handle: FileHandle, piece: Buffer, position: number): Promise<void> {
  for (let written = 0; written < piece.length; ) {
    const { bytesWritten } = await handle.write(piece, written, piece.length - written, position + written);
    written += bytesWritten;
  }
}

/** A disk that is full, a folder that is not there, too many open files: all of it may be over in a moment. */
async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Failure(ErrorReason.UNAVAILABLE, { cause });
  }
}

// A read stream of node would hold the handle open until somebody has read it to its end.
const readableOf = (handle: FileHandle, bytes: number): Readable =>
  Readable.from(piecesOf(handle, bytes), { objectMode: false });

async function* piecesOf(handle: FileHandle, bytes: number): AsyncGenerator<Buffer> {
  for (let position = 0; position < bytes; ) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, bytes - position));
    const { bytesRead } = await handle.read(piece, 0, piece.length, position);
    if (bytesRead === 0) throw new Error("a stored file is shorter than it was");
    position += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}

const PIECE_BYTES = 64 * 1024;
