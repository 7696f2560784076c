import type { Readable } from "node:stream";
import { Busboy, type BusboyHeaders, type BusboyInstance } from "@fastify/busboy";
import { TranscodingError } from "./error.js";

export interface Part {
  readonly name: string;
  /** As it was sent, folders included. Undefined when the part has none; "" when a page left its file input empty. */
  readonly filename: string | undefined;
  readonly contentType: string;
  /** Its bytes, once. What nobody has read of them is skipped when the next part is asked for. */
  readonly pieces: AsyncGenerator<Buffer>;
}

export interface FilePart extends Part {
  readonly filename: string;
}

/** Whether the part is a file; one whose name is empty is a plain field. */
export const isFile = (part: Part): part is FilePart => part.filename !== undefined && part.filename !== "";

/** The parts of a multipart/form-data body, in order. Throws TranscodingError ("malformed_body"), and what `body` throws. */
export async function* partsOf(
  body: AsyncGenerator<Buffer>,
  contentType: string,
  maxParts: number,
): AsyncGenerator<Part> {
  const parser = newParser(contentType, maxParts);
  const arrivals = new Arrivals();
  let latest: Readable | undefined;
  parser.on("file", (name: string | undefined, data: Readable, filename: string, _: string, type: string) => {
    // The iterator over the part reports its errors; without a listener an unread part would end the process.
    data.on("error", ignore);
    latest = data;
    arrivals.add({ name: name ?? "", filename, contentType: type, data, pieces: piecesOf(data) });
  });
  parser.on("partsLimit", () => arrivals.end(malformed(`the form has more than ${maxParts} parts`)));
  parser.on("finish", () => arrivals.end());
  const fail = (error: unknown) => {
    arrivals.end(error);
    // Whoever reads a part would wait for ever for the rest of it, or take what there is for the whole.
    latest?.destroy(error instanceof Error ? error : undefined);
  };
  parser.on("error", () => fail(malformed("the multipart body is malformed or cut short")));
  const feeding = feed(body, parser).catch((error: unknown) => {
    fail(error);
    parser.destroy();
  });
  try {
    for (let part = await arrivals.next(); part !== undefined; part = await arrivals.next()) {
      yield part;
      skipRest(part);
    }
    await feeding;
  } finally {
    // Not awaited: it may be waiting for bytes that the client never sends.
    body.return(undefined).catch(ignore);
    latest?.destroy();
  }
}

/** All bytes of a part. `count` is told of each piece before it is kept, and may throw. */
export async function bytesOf({ pieces }: Part, count: (bytes: number) => void = ignore): Promise<Buffer> {
  const kept: Buffer[] = [];
  for await (const piece of pieces) {
    count(piece.length);
    kept.push(piece);
  }
  return Buffer.concat(kept);
}

async function* piecesOf(data: Readable): AsyncGenerator<Buffer> {
  try {
    // The parser waits for the end of every part; destroyed half-way it would never come.
    for await (const piece of data.iterator({ destroyOnReturn: false })) yield piece as Buffer;
  } catch (error) {
    throw error instanceof TranscodingError ? error : malformed("the multipart body is cut short");
  }
}

interface Arrival extends Part {
  readonly data: Readable;
}

function skipRest({ pieces, data }: Arrival): void {
  // A stream does not flow while an iterator holds it, and the reader may have left one in the middle of a step.
  const skip = () => data.resume();
  pieces.return(undefined).then(skip, skip);
}

function newParser(contentType: string, maxParts: number): BusboyInstance {
  try {
    return new Busboy({
      headers: { "content-type": contentType } as BusboyHeaders,
      // Text fields come as bytes too, so that their UTF-8 can be checked.
      isPartAFile: () => true,
      // Whether there is a file is told by the name that was sent, not by what is left of it.
      preservePath: true,
      limits: { parts: maxParts, headerPairs: 50, headerSize: 8192 },
    });
  } catch {
    throw malformed("the multipart body has no boundary");
  }
}

async function feed(body: AsyncGenerator<Buffer>, parser: BusboyInstance): Promise<void> {
  for await (const piece of body) {
    await new Promise<void>((resolve, reject) => {
      parser.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  }
  parser.end();
}

/** Parts between the parser, which emits them, and the reader, which asks for them. */
class Arrivals {
  private readonly waiting: Arrival[] = [];
  private ended = false;
  private failure: unknown;
  private wake: (() => void) | undefined;

  add(part: Arrival): void {
    this.waiting.push(part);
    this.wake?.();
  }

  end(failure?: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.failure = failure;
    this.wake?.();
  }

  async next(): Promise<Arrival | undefined> {
    while (this.waiting.length === 0 && !this.ended) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    const part = this.waiting.shift();
    if (part === undefined && this.failure !== undefined) throw this.failure;
    return part;
  }
}

const ignore = (): void => {};
const malformed = (message: string) => new TranscodingError("malformed_body", message);
