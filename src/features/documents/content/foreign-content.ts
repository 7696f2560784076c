import { Windows } from "./windows.js";

/** What a browser or an interpreter runs wherever it begins in a file, and the harmless text by which virus scanners are tried out. */
const PAGE_OR_SCRIPT =
  /<(?:script|iframe|(?:html|body|img|object|embed)[\s/>]|!doctype\s{1,9}html|svg[\s/>][\s -~]{4}|\?php\s)|<\0?s\0c\0r\0i\0p\0t|\$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!/i;

/** The beginning of a file in a ZIP archive with a method of packing that exists, of a whole archive, and of a PDF. */
const ARCHIVE_OR_PDF =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the formats have them.
  /PK\x03\x04[\0-\x3f]\0[\0-\xff]{2}[\0\x08\x09\x0c\x0e\x5d\x5f\x61-\x63]\0|PK\x05\x06\0{4}|Rar!\x1a\x07|7z\xbc\xaf'\x1c|%PDF-\d\.\d/;

/** The end of a ZIP archive, which is what programs look for, and how far from the end of the file they do. */
const ZIP_END = "PK\x05\x06";
const ZIP_END_REACH = 22 + 65535;

/**
 * Looks for files of other formats inside a file.
 *
 * A file can be of two formats only when the readers of one do not insist on its first byte. Those are the readers of archives, which
 * look from the end or for a beginning anywhere; of PDF, which look in the first KiB; and browsers and interpreters, which skip what
 * they do not understand. So their signatures may be nowhere in a file, its pixels and what cameras append included, but each is so
 * long that fewer than one of ten thousand photos of 10 MiB contains one by chance. The formats that need their first byte, such as
 * programs and GIF, need no search inside: JPEG, PNG and PDF need it too.
 */
export class ForeignContent {
  private readonly windows = new Windows();
  private bytes = 0;
  private zipEnd = Number.NEGATIVE_INFINITY;
  private isFound = false;

  take(piece: Buffer): void {
    this.bytes += piece.length;
    const whole = this.windows.next(piece);
    // A PDF begins with what is foreign everywhere else.
    const window = whole.length === this.bytes ? whole.slice(1) : whole;
    this.isFound ||= PAGE_OR_SCRIPT.test(window) || ARCHIVE_OR_PDF.test(window);
    const at = window.lastIndexOf(ZIP_END);
    if (at !== -1) this.zipEnd = this.bytes - (window.length - at);
  }

  /** Whether there was any, when the whole file has been taken. */
  get found(): boolean {
    return this.isFound || this.bytes - this.zipEnd <= ZIP_END_REACH;
  }
}
