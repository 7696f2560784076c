import { Appended } from "./appended.js";
import { ByteReader } from "./byte-reader.js";
import { ForeignContent } from "./foreign-content.js";
import { isWholeJpeg } from "./jpeg.js";
import { isPassivePdf } from "./pdf.js";
import { isWholePng } from "./png.js";

export type FileType = "image/jpeg" | "image/png" | "application/pdf";

interface Format {
  readonly type: FileType;
  /** The first bytes. */
  readonly signature: Buffer;
  /** Whether what follows them is a whole and harmless file. */
  readonly isGood: (bytes: ByteReader) => Promise<boolean>;
}

const FORMATS: readonly Format[] = [
  { type: "image/jpeg", signature: Buffer.from("ffd8", "hex"), isGood: isWholeJpeg },
  { type: "image/png", signature: Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), isGood: isWholePng },
  { type: "application/pdf", signature: Buffer.from("%PDF-"), isGood: isPassivePdf },
];

/**
 * What a file is by its content, which is read once and in bounded memory; undefined when it is none of the types that documents have,
 * is cut off, acts when opened, or is a file of another format as well (see {@link ForeignContent} and {@link Appended}).
 */
export async function fileTypeOf(content: AsyncIterable<Buffer>): Promise<FileType | undefined> {
  const foreign = new ForeignContent();
  const bytes = new ByteReader(content, (piece) => foreign.take(piece));
  try {
    const beginning = await bytes.peek(LONGEST_SIGNATURE);
    const format = FORMATS.find(({ signature }) => beginning.subarray(0, signature.length).equals(signature));
    if (format === undefined) return undefined;
    await bytes.skip(format.signature.length);
    if (!(await format.isGood(bytes))) return undefined;
    const appended = new Appended();
    for await (const piece of bytes.rest()) appended.take(piece);
    return foreign.found || appended.isFile ? undefined : format.type;
  } finally {
    await bytes.close();
  }
}

const LONGEST_SIGNATURE = Math.max(...FORMATS.map(({ signature }) => signature.length));
