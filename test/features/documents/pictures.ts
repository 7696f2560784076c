import { crc32 } from "node:zlib";

/** Files of the formats that documents have, made so that a test can put something anywhere into them. */

export const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");

const START = Buffer.from("ffd8", "hex");
const FRAME = Buffer.from("ffc0000b080001000101011100", "hex");
const SCAN = Buffer.from("ffda0008010100003f00", "hex");
const END = Buffer.from("ffd9", "hex");

export interface JpegParts {
  /** Segments before the frame. */
  readonly before?: Buffer;
  readonly pixels?: Buffer;
  /** What a camera appends. */
  readonly after?: Buffer;
}

export const jpegOf = ({
  before = Buffer.alloc(0),
  pixels = latin1("\x12\x34"),
  after = Buffer.alloc(0),
}: JpegParts): Buffer => Buffer.concat([START, before, FRAME, SCAN, pixels, END, after]);

/** A segment of a JPEG, such as APP1 (0xe1) for EXIF and XMP, or a comment (0xfe). */
export function segment(marker: number, content: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}

export const pngOf = (
  chunks: readonly (readonly [string, Buffer])[],
  after: Buffer = Buffer.alloc(0),
): Buffer =>
  Buffer.concat([
    latin1("\x89PNG\r\n\x1a\n"),
    ...chunks.map(([type, content]) => chunk(type, content)),
    after,
  ]);

export const IHDR = ["IHDR", Buffer.from("00000001000000010800000000", "hex")] as const;
export const IDAT = ["IDAT", Buffer.from("78da63000000010001", "hex")] as const;
export const IEND = ["IEND", Buffer.alloc(0)] as const;

function chunk(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(content.length);
  head.write(type, 4, "latin1");
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(Buffer.concat([latin1(type), content])));
  return Buffer.concat([head, content, sum]);
}

/** A PDF of these objects, numbered from 1. */
export const pdfOf = (...objects: (string | Buffer)[]): Buffer =>
  Buffer.concat([
    latin1("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
    ...objects.map((body, at) =>
      Buffer.concat([latin1(`${at + 1} 0 obj\n`), Buffer.from(body), latin1("\nendobj\n")]),
    ),
    latin1("trailer\n<< /Root 1 0 R >>\nstartxref\n0\n%%EOF\n"),
  ]);

/** The same noise each time, as pixels are: without a byte 0xff. */
export function noise(bytes: number, seed = 1): Buffer {
  const pixels = Buffer.alloc(bytes);
  let state = seed;
  for (let at = 0; at < bytes; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    pixels[at] = (state >>> 24) % 255;
  }
  return pixels;
}

/** A ZIP archive of one empty file. */
export function zipOf(name: string): Buffer {
  const local = latin1(`PK\x03\x04\x14${"\0".repeat(21)}${String.fromCharCode(name.length)}\0\0\0${name}`);
  const central = latin1(
    `PK\x01\x02\x14\0\x14${"\0".repeat(21)}${String.fromCharCode(name.length)}${"\0".repeat(17)}${name}`,
  );
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}
