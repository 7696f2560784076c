/** Longer than anything that is looked for. */
const OVERLAP = 256;

/**
 * The pieces of a file as text, a character a byte, each after the end of the one before: what was cut in two by the border of two
 * pieces is whole in one of the windows.
 */
export class Windows {
  private end = "";

  next(piece: Buffer): string {
    const window = this.end + piece.toString("latin1");
    this.end = window.slice(-OVERLAP);
    return window;
  }
}
