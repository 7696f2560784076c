import { isUtf8 } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import {
  brotliDecompress,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  gunzip,
  inflate as inflateZlib,
} from "node:zlib";
import { TranscodingError } from "./error.js";

/** What the transcoder needs of node's HTTP/1.1 and HTTP/2 requests. */
export interface RawRequest extends Readable {
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: string[];
  readonly httpVersionMajor: number;
  /** HTTP/2 only. */
  readonly stream?: { readonly endAfterHeaders: boolean };
}

export interface ContentType {
  /** Lower case, without parameters; "" when the header is missing. */
  readonly type: string;
  /** The header as it was sent. */
  readonly header: string;
}

/** The media type of a request. Throws TranscodingError ("unsupported_media_type") when it is ambiguous or its text is not UTF-8. */
export function contentTypeOf(raw: RawRequest): ContentType {
  const header = raw.headers["content-type"] ?? "";
  if (isRepeated(raw.rawHeaders, "content-type")) throw unsupported("there are two content types");
  const [type = ""] = header.split(";", 1);
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(header)?.[1]?.toLowerCase();
  const isUtf8Text =
    charset === undefined || charset === "utf-8" || charset === "utf8" || charset === "us-ascii";
  if (!isUtf8Text && !type.startsWith("text/"))
    throw unsupported(`the charset "${charset}" is not supported`);
  return { type: type.trim().toLowerCase(), header };
}

// Node keeps the first of several Content-Type headers, a proxy before it may have judged by the last.
function isRepeated(rawHeaders: readonly string[], name: string): boolean {
  let seen = false;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.length !== name.length || rawHeaders[at]?.toLowerCase() !== name) continue;
    if (seen) return true;
    seen = true;
  }
  return false;
}

/** Whether the client announces a body at all. */
export function mayHaveBody(raw: RawRequest): boolean {
  const length = raw.headers["content-length"];
  if (length !== undefined) return length !== "0";
  return raw.headers["transfer-encoding"] !== undefined || raw.stream?.endAfterHeaders === false;
}

const decompressors = {
  gzip: { whole: promisify(gunzip), stream: createGunzip },
  "x-gzip": { whole: promisify(gunzip), stream: createGunzip },
  deflate: { whole: promisify(inflateZlib), stream: createInflate },
  br: { whole: promisify(brotliDecompress), stream: createBrotliDecompress },
};

type Decompressor = (typeof decompressors)[keyof typeof decompressors];

function decompressorOf(raw: RawRequest) {
  return decompressorFor(raw.headers["content-encoding"]?.trim().toLowerCase() ?? "identity");
}

function decompressorFor(encoding: string) {
  if (encoding === "identity" || encoding === "") return undefined;
  const decompressor = Object.entries(decompressors).find(([name]) => name === encoding)?.[1];
  if (decompressor === undefined) throw unsupported(`the content encoding "${encoding}" is not supported`);
  return decompressor;
}

/** Reads the whole body, decompressed. `limit` in bytes counts before and after decompression. Throws TranscodingError. */
export async function readBody(raw: RawRequest, limit: number): Promise<Buffer> {
  const decompressor = decompressorOf(raw);
  const sent = await collect(raw, limit);
  return decompressor === undefined ? sent : inflate(sent, decompressor, limit);
}

/** Decompresses bytes to at most `limit` bytes. Throws TranscodingError. */
export async function decompress(bytes: Buffer, encoding: string, limit: number): Promise<Buffer> {
  const decompressor = decompressorFor(encoding);
  return decompressor === undefined ? bytes : inflate(bytes, decompressor, limit);
}

async function inflate(bytes: Buffer, { whole }: Decompressor, limit: number): Promise<Buffer> {
  if (bytes.length === 0) return bytes;
  try {
    return await whole(bytes, { maxOutputLength: limit });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(limit);
    throw notCompressed();
  }
}

/** Reads the body piece by piece, decompressed, with the same limit as readBody. */
export async function* streamBody(raw: RawRequest, limit: number): AsyncGenerator<Buffer> {
  refuseIfAnnounced(raw, limit);
  const stream = decompressorOf(raw)?.stream();
  if (stream !== undefined) {
    raw.on("error", (error) => stream.destroy(error));
    raw.on("aborted", () => stream.destroy(aborted()));
  }
  let length = 0;
  try {
    // The connection must outlive a reader that stops early, or nobody would hear the answer.
    const pieces = stream === undefined ? raw.iterator({ destroyOnReturn: false }) : raw.pipe(stream);
    for await (const piece of pieces) {
      length += (piece as Buffer).length;
      if (length > limit) throw tooLarge(limit);
      yield piece as Buffer;
    }
  } catch (error) {
    if (error instanceof TranscodingError) throw error;
    throw stream !== undefined && !raw.readableAborted ? notCompressed() : aborted();
  } finally {
    if (stream !== undefined) raw.unpipe(stream);
  }
}

/** The text of a body. Throws TranscodingError ("malformed_body") when it is not UTF-8. */
export function textOf(body: Buffer): string {
  if (!isUtf8(body)) throw new TranscodingError("malformed_body", "the body is not UTF-8");
  return body.toString("utf8");
}

/** Reads and forgets what is left of a body; after `limit` bytes `giveUp` is called once. */
export function discardBody(raw: RawRequest, limit: number, giveUp: () => void): void {
  if (raw.readableEnded || raw.destroyed) return;
  let left = limit;
  raw.on("data", (piece: Buffer) => {
    const before = left;
    left -= piece.length;
    if (left < 0 && before >= 0) giveUp();
  });
  raw.on("error", () => {});
  raw.resume();
}

function refuseIfAnnounced(raw: RawRequest, limit: number): void {
  if (Number(raw.headers["content-length"] ?? 0) > limit) throw tooLarge(limit);
}

/** Reads the whole body as it was sent. Throws TranscodingError beyond `limit` bytes. */
export async function collect(raw: RawRequest, limit: number): Promise<Buffer> {
  refuseIfAnnounced(raw, limit);
  if (raw.destroyed && !raw.readableEnded) throw aborted();
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let length = 0;
    const settle = (error?: Error) => {
      raw.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
      if (error !== undefined) reject(error);
      else
        resolve(pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces, length));
    };
    const onData = (piece: Buffer) => {
      length += piece.length;
      if (length > limit) settle(tooLarge(limit));
      else pieces.push(piece);
    };
    const onEnd = () => settle();
    const onClose = () => settle(aborted());
    raw.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
  });
}

/** A body with more than `limit` bytes. */
export const tooLarge = (limit: number) =>
  new TranscodingError("body_too_large", `the body has more than ${limit} bytes`);
const aborted = () => new TranscodingError("aborted", "the client went away before the body was complete");
const notCompressed = () => new TranscodingError("malformed_body", "the body is not compressed as announced");
const unsupported = (message: string) => new TranscodingError("unsupported_media_type", message);
