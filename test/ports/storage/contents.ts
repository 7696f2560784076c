import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import type { Content } from "../../../src/ports/storage/storage.js";

/** A small PDF, or so it says. */
export const aContent = (bytes: Buffer = randomBytes(2000), contentType = "application/pdf"): Content => ({
  open: () => Readable.from([bytes.subarray(0, 1000), bytes.subarray(1000)]),
  bytes: bytes.length,
  contentType,
});

/** A content that promises 2 MiB; `read` is what happens when it is read for the nth time. */
export function troubled(read: (nth: number) => Iterable<Buffer> | AsyncIterable<Buffer>): Content {
  let nth = 0;
  return { open: () => Readable.from(read(++nth)), bytes: 2 * MEBIBYTE, contentType: "application/pdf" };
}

export const MEBIBYTE = 1024 * 1024;

/** `count` times a mebibyte, which is always the same piece of memory. */
export function* mebibytes(count: number): Generator<Buffer> {
  const piece = Buffer.alloc(MEBIBYTE, "x");
  for (let given = 0; given < count; given++) yield piece;
}
