import type { ByteReader } from "./byte-reader.js";

const HEADER_BYTES = 13;
const CHECKSUM_BYTES = 4;

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
    if (!(await bytes.skip(length + CHECKSUM_BYTES))) return false;
    if (type === "IEND") return hasPixels && length === 0;
    hasPixels ||= type === "IDAT" && length > 0;
    expected = /^(?!IHDR)[A-Za-z]{4}$/;
  }
}
