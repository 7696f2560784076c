import { setImmediate as breathe } from "node:timers/promises";
import { promisify } from "node:util";
import { inflate } from "node:zlib";
import { tokenAfterDictionary } from "./pdf-dictionary.js";
import { pdfName, withPlainNames } from "./pdf-names.js";

const unpack = promisify(inflate);

const LONGEST_DICTIONARY = 16 * 1024;
const MOST_PACKED_BYTES = 1024 * 1024;
const MOST_UNPACKED_BYTES = 8 * 1024 * 1024;
/** Characters looked at, in all of a file; beyond it somebody wants to keep us busy. Dictionaries are short, and cost more to read. */
const MOST_UNPACKED = 24 * 1024 * 1024;
const MOST_DICTIONARIES = 2 * 1024 * 1024;
/** After so many characters others have their turn. */
const TURN = 256 * 1024;

/** Readers take any stream with this entry for one of objects. Fonts have `FirstChar`. */
const MARK = new RegExp(`${pdfName("First")}(?![A-Za-z])`, "g");
const LONGEST_MARK = 32;

/** The entries of such a stream as all writers make them, with nothing that would change how it is read. */
const ENTRIES =
  /^<<(?:[\0\t\n\f\r \d[\]R]|\/(?:Type|ObjStm|N|First|Length|Extends|Filter|FlateDecode)(?=[\0\t\n\f\r /[\]>]))*>>[\0\t\n\f\r ]*$/;
/** What is before them. It begins a line, so that it is in no comment. */
const BEGINNING = /[\r\n][\0\t\n\f\r ]*\d+[\0\t\n\f\r ]+\d+[\0\t\n\f\r ]+obj[\0\t\n\f\r ]*$/;
const LONGEST_BEGINNING = 64;

type Verdict = "passed" | "refused" | "unfinished";

/**
 * Finds the compressed streams of objects in a PDF, in which a search would miss actions, and has their text judged. One that cannot
 * be read with certainty does not pass: encrypted, packed in an unusual way, or enormous.
 */
export class ObjectStreams {
  private text = "";
  /** Up to here the text has been looked at; what is before it is kept for the beginnings of dictionaries. */
  private seen = 0;
  private unpacked = 0;
  private dictionaries = 0;
  private turn = 0;
  private isWaiting = false;
  /** Whether there was one that is not packed. */
  hasPlain = false;

  constructor(private readonly isFine: (text: string) => boolean) {}

  /** Whether nothing is left of which the end has not been seen: readers can do without an end. */
  get isSettled(): boolean {
    return !this.isWaiting;
  }

  /** Takes the next piece of the file; false when something in it does not pass. */
  async pass(piece: string): Promise<boolean> {
    const kept = Math.max(0, this.seen - LONGEST_DICTIONARY);
    this.text = this.text.slice(kept) + piece;
    this.seen -= kept;
    for (;;) {
      MARK.lastIndex = this.seen;
      const mark = MARK.exec(this.text)?.index;
      if (mark === undefined) {
        this.seen = Math.max(this.seen, this.text.length - LONGEST_MARK);
        this.isWaiting = false;
        return true;
      }
      this.seen = mark;
      const verdict = await this.judge(mark);
      this.isWaiting = verdict === "unfinished";
      if (verdict !== "passed") return this.isWaiting;
      this.seen = mark + 1;
    }
  }

  private async judge(mark: number): Promise<Verdict> {
    const rest = this.text.slice(mark, mark + LONGEST_DICTIONARY);
    const next = tokenAfterDictionary(rest);
    if (next === undefined) return rest.length < LONGEST_DICTIONARY ? "unfinished" : "refused";
    this.dictionaries += next.end;
    if (this.dictionaries > MOST_DICTIONARIES) return "refused";
    await this.letOthers(next.end);
    if (next.token !== "stream") return "passed";

    const [start, end] = [this.text.lastIndexOf("<<", mark), mark + next.end - "stream".length];
    const entries = withPlainNames(this.text.slice(start, end));
    const before = this.text.slice(Math.max(0, start - LONGEST_BEGINNING), Math.max(0, start));
    if (!ENTRIES.test(entries) || !BEGINNING.test(before)) return "refused";

    const dataStart = mark + next.end;
    const dataEnd = this.text.indexOf("endstream", dataStart);
    if (dataEnd === -1) return this.text.length - dataStart < MOST_PACKED_BYTES ? "unfinished" : "refused";
    return (await this.isPassable(entries, this.text.slice(dataStart, dataEnd))) ? "passed" : "refused";
  }

  private async isPassable(entries: string, data: string): Promise<boolean> {
    const filters = entries.match(/\/(?:Filter|FlateDecode)/g) ?? [];
    // Without a filter it has been searched with the rest of the file, unless that is encrypted.
    if (filters.length === 0) {
      this.hasPlain = true;
      return true;
    }
    if (filters.length !== 2 || !/\/Filter[\s[]*\/FlateDecode/.test(entries)) return false;
    const packed = Buffer.from(data.replace(/^\r?\n?/, ""), "latin1");
    try {
      const objects = await unpack(packed, { maxOutputLength: MOST_UNPACKED_BYTES });
      this.unpacked += LONGEST_DICTIONARY + objects.length;
      await this.letOthers(objects.length);
      return this.unpacked <= MOST_UNPACKED && this.isFine(objects.toString("latin1"));
    } catch {
      return false;
    }
  }

  private async letOthers(effort: number): Promise<void> {
    this.turn += effort;
    if (this.turn < TURN) return;
    this.turn = 0;
    await breathe();
  }
}
