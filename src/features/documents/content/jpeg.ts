import type { ByteReader } from "./byte-reader.js";

const START_OF_SCAN = 0xda;
const START_OF_IMAGE = 0xd8;
const END_OF_IMAGE = 0xd9;
const TEMPORARY = 0x01;

/**
 * Whether a JPEG, of which SOI has been read, has a frame, a scan and an end. Whatever follows the end is left unread: cameras append
 * films, depth maps and further pictures.
 */
export async function isWholeJpeg(bytes: ByteReader): Promise<boolean> {
  let hasFrame = false;
  let hasScan = false;
  for (;;) {
    const marker = await nextMarker(bytes);
    if (marker === END_OF_IMAGE) return hasScan;
    if (marker === undefined || marker === START_OF_IMAGE) return false;
    if (marker === TEMPORARY) continue;
    const length = (await bytes.read(2))?.readUInt16BE() ?? 0;
    if (length < 2 || !(await bytes.skip(length - 2))) return false;
    hasFrame ||= isFrame(marker);
    hasScan ||= hasFrame && marker === START_OF_SCAN;
  }
}

/** As decoders look for it, past pixels and whatever else is between two segments. */
const nextMarker = (bytes: ByteReader) =>
  bytes.findAfter(0xff, (code) => code !== 0xff && code !== 0 && !isRestart(code));

/** A mark among the pixels from which decoding can start again. */
const isRestart = (code: number): boolean => code >= 0xd0 && code <= 0xd7;

/** SOF0 to SOF15, among which there are three other markers. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
