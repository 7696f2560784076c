import type { ByteReader } from "./byte-reader.js";
import { pdfName } from "./pdf-names.js";
import { ObjectStreams } from "./pdf-object-streams.js";
import { Windows } from "./windows.js";

/**
 * What makes a PDF do something, or carry other files. The paper whose picture it is needs none of it; whoever opens the file at the
 * back office would run a stranger's script, or open whatever the stranger has packed.
 */
const ACTIVE = new RegExp(
  [
    ...["JavaScript", "Launch", "ImportData", "GoToE", "GoToR", "Rendition", "RichMedia"].map(pdfName),
    ...["EmbeddedFile", "FileAttachment"].map(pdfName),
    // Forms with scripts of their own.
    `${pdfName("XFA")}(?=[\\s\\[\\]<(/])`,
  ].join("|"),
);

const END = "%%EOF";
const ENCRYPTED = new RegExp(`${pdfName("Encrypt")}(?![A-Za-z])`);

/** Whether a PDF has an end, and nothing that acts when it is opened. */
export async function isPassivePdf(bytes: ByteReader): Promise<boolean> {
  const windows = new Windows();
  const packed = new ObjectStreams((text) => !ACTIVE.test(text));
  let hasEnd = false;
  let isEncrypted = false;
  for await (const piece of bytes.rest()) {
    const window = windows.next(piece);
    if (ACTIVE.test(window) || !(await packed.pass(piece.toString("latin1")))) return false;
    hasEnd ||= window.includes(END);
    isEncrypted ||= ENCRYPTED.test(window);
  }
  return hasEnd && packed.isSettled && !(isEncrypted && packed.hasPlain);
}
