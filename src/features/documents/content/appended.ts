/** How the files begin that somebody would put behind a picture, rather than a camera: programs, archives, pages, scripts, pictures. */
const FILES = [
  ...["7f454c46", "4d5a", "1f8b", "425a68", "cafebabe", "89504e47", "47494638", "d0cf11e0", "fd377a585a00"],
].map((hex) => Buffer.from(hex, "hex"));
const TEXTS = /^(?:<[a-z!?%]|#!|\{\\rtf|@echo|MSCF|\xff\xfe<|\xfe\xff\0<)/i;

const LONGEST = 16;

/** Looks at the beginning of what follows the end of a picture. */
export class Appended {
  private beginning = Buffer.alloc(0);

  take(piece: Buffer): void {
    if (this.beginning.length >= LONGEST) return;
    const start = this.beginning.length === 0 ? piece.findIndex((byte) => !isPadding(byte)) : 0;
    if (start === -1) return;
    this.beginning = Buffer.concat([this.beginning, piece.subarray(start, start + LONGEST)]);
  }

  /** Whether it is a file of its own, of a kind that no camera appends. */
  get isFile(): boolean {
    const { beginning } = this;
    return (
      FILES.some((file) => beginning.subarray(0, file.length).equals(file)) ||
      TEXTS.test(beginning.toString("latin1"))
    );
  }
}

const isPadding = (byte: number): boolean => byte === 0 || (byte >= 9 && byte <= 13) || byte === 0x20;
