import { setImmediate } from "node:timers/promises";

const LONGEST_PIECE = 64 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

/** Reads a file from its beginning to its end, and holds one piece of it at a time. */
export class ByteReader {
  private readonly source: AsyncIterator<Buffer>;
  private piece = NOTHING;

  /** `onPiece` sees every byte that is read, in order. */
  constructor(content: AsyncIterable<Buffer>, onPiece: (piece: Buffer) => void) {
    this.source = shortPieces(content, onPiece);
  }

  /** The next bytes, which stay the next ones; fewer at the end of the file. */
  async peek(count: number): Promise<Buffer> {
    while (this.piece.length < count) {
      const next = await this.source.next();
      if (next.done) break;
      this.piece = Buffer.concat([this.piece, next.value]);
    }
    return this.piece.subarray(0, count);
  }

  /** The next bytes; undefined when the file ends first. */
  async read(count: number): Promise<Buffer | undefined> {
    const bytes = await this.peek(count);
    if (bytes.length < count) return undefined;
    this.piece = this.piece.subarray(count);
    return bytes;
  }

  /** Whether there were as many bytes to leave out. */
  async skip(count: number): Promise<boolean> {
    let left = count;
    while (left > this.piece.length) {
      left -= this.piece.length;
      if (!(await this.advance())) return false;
    }
    this.piece = this.piece.subarray(left);
    return true;
  }

  /** Leaves out everything up to a byte of some value and one behind it that is looked for; answers the latter, undefined when there is none. */
  async findAfter(value: number, isLookedFor: (byte: number) => boolean): Promise<number | undefined> {
    do {
      for (let at = this.piece.indexOf(value); at !== -1; at = this.piece.indexOf(value, at + 1)) {
        if (at + 1 === this.piece.length) {
          this.piece = this.piece.subarray(at);
          at = 0;
          await this.peek(2);
        }
        const found = this.piece[at + 1];
        if (found === undefined || !isLookedFor(found)) continue;
        this.piece = this.piece.subarray(at + 2);
        return found;
      }
    } while (await this.advance());
    return undefined;
  }

  /** The rest of the file. */
  async *rest(): AsyncGenerator<Buffer, void> {
    do yield this.piece;
    while (await this.advance());
  }

  /** Nothing more is wanted of the file. */
  async close(): Promise<void> {
    this.piece = NOTHING;
    await this.source.return?.();
  }

  private async advance(): Promise<boolean> {
    const next = await this.source.next();
    this.piece = next.done ? NOTHING : next.value;
    return !next.done;
  }
}

async function* shortPieces(content: AsyncIterable<Buffer>, onPiece: (piece: Buffer) => void) {
  for await (const whole of content) {
    for (let at = 0; at < whole.length; at += LONGEST_PIECE) {
      const piece = whole.subarray(at, at + LONGEST_PIECE);
      onPiece(piece);
      yield piece;
      // A file that is in memory already would hold up everybody else.
      if (whole.length > LONGEST_PIECE) await setImmediate();
    }
  }
}
