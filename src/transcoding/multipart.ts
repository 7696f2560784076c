import type { Readable } from "node:stream";
import { Busboy, type BusboyHeaders, type BusboyInstance } from "@fastify/busboy";
import { TranscodingError } from "./error.js";

export interface Part {
  readonly name: string;
  /** Undefined for a plain form field. */
  readonly filename: string | undefined;
  readonly contentType: string;
  /** Must be read to its end before the next part comes. */
  readonly data: Readable;
}

const mostParts = 1000;

/** The parts of a multipart/form-data body, in order. Throws TranscodingError ("malformed_body"), and what `pieces` throws. */
export async function* partsOf(pieces: AsyncGenerator<Buffer>, contentType: string): AsyncGenerator<Part> {
  const parser = newParser(contentType);
  const arrivals = new Arrivals();
  let latest: Readable | undefined;
  parser.on("file", (name: string | undefined, data: Readable, filename: string, _: string, type: string) => {
    // The iterator over the part reports its errors; without a listener an unread part would end the process.
    data.on("error", () => {});
    latest = data;
    arrivals.add({ name: name ?? "", filename, contentType: type, data });
  });
  parser.on("partsLimit", () => arrivals.end(malformed(`the form has more than ${mostParts} parts`)));
  parser.on("finish", () => arrivals.end());
  parser.on("error", () => arrivals.end(malformed("the multipart body is malformed or cut short")));
  const feeding = feed(pieces, parser).catch((error: unknown) => {
    arrivals.end(error);
    // Whoever reads a part would wait for ever for the rest of it.
    latest?.destroy(error instanceof Error ? error : undefined);
    parser.destroy();
  });
  try {
    for (let part = await arrivals.next(); part !== undefined; part = await arrivals.next()) {
      yield part;
      part.data.resume();
    }
    await feeding;
  } finally {
    // Not awaited: it may be waiting for bytes that the client never sends.
    pieces.return(undefined).catch(() => {});
  }
}

/** All bytes of a part. */
export async function bytesOf(part: Part): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of piecesOf(part)) pieces.push(piece);
  return Buffer.concat(pieces);
}

export async function* piecesOf(part: Part): AsyncGenerator<Buffer> {
  try {
    for await (const piece of part.data) yield piece as Buffer;
  } catch (error) {
    throw error instanceof TranscodingError ? error : malformed("the multipart body is cut short");
  }
}

function newParser(contentType: string): BusboyInstance {
  try {
    return new Busboy({
      headers: { "content-type": contentType } as BusboyHeaders,
      // Text fields come as bytes too, so that their UTF-8 can be checked.
      isPartAFile: () => true,
      limits: { parts: mostParts, headerPairs: 50, headerSize: 8192 },
    });
  } catch {
    throw malformed("the multipart body has no boundary");
  }
}

async function feed(pieces: AsyncGenerator<Buffer>, parser: BusboyInstance): Promise<void> {
  for await (const piece of pieces) {
    await new Promise<void>((resolve, reject) => {
      parser.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  }
  parser.end();
}

/** Parts between the parser, which emits them, and the reader, which asks for them. */
class Arrivals {
  private readonly waiting: Part[] = [];
  private ended = false;
  private failure: unknown;
  private wake: (() => void) | undefined;

  add(part: Part): void {
    this.waiting.push(part);
    this.wake?.();
  }

  end(failure?: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.failure = failure;
    this.wake?.();
  }

  async next(): Promise<Part | undefined> {
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

const malformed = (message: string) => new TranscodingError("malformed_body", message);
