import type { ByteReader } from "./byte-reader.js";

const HEADER_BYTES = 13;
const CHECKSUM_BYTES = 4;
/** More than any scanner makes; whoever unpacks more to look at it runs out of memory. */
const MOST_PIXELS = 250_000_000;

/**
 * Whether a PNG, of which the signature has been read, begins with IHDR, has pixels and ends with IEND. Whatever follows is left
 * unread: phones append to screenshots.
 */
export async function isWholePng(bytes: ByteReader): Promise<boolean> {
  let expected = /^IHDR$/;
  let hasPixels = false;
  for (;;) {
    const header = await bytes.read(8);
    if (header === undefined) return false;
    const length = header.readUInt32BE(0);
    const type = header.toString("latin1", 4);
    if (!expected.test(type) || (type === "IHDR" && length !== HEADER_BYTES)) return false;
    if (type === "IHDR") {
      const head = await bytes.read(HEADER_BYTES);
      if (head === undefined || !isOfPossibleSize(head)) return false;
    } else if (!(await bytes.skip(length))) return false;
    if (!(await bytes.skip(CHECKSUM_BYTES))) return false;
    if (type === "IEND") return hasPixels && length === 0;
    hasPixels ||= type === "IDAT" && length > 0;
    expected = /^(?!IHDR)[A-Za-z]{4}$/;
  }
}

function isOfPossibleSize(head: Buffer): boolean {
  const pixels = head.readUInt32BE(0) * head.readUInt32BE(4);
  return pixels > 0 && pixels <= MOST_PIXELS;
}
