import { createHash } from "node:crypto";
import { addAbortSignal, finished, type Readable, Transform } from "node:stream";
import { type Content, ContentBroken } from "./storage.js";

/** The content from its first byte; fails with ContentBroken unless it is as long as announced. Ends with the signal. */
export function measured({ open, bytes }: Content, signal: AbortSignal): Readable {
  let seen = 0;
  const measuring = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > bytes) done(new ContentBroken(`the content is longer than its ${bytes} bytes`));
      else done(null, chunk);
    },
    flush(done) {
      done(seen < bytes ? new ContentBroken(`the content ended after ${seen} of ${bytes} bytes`) : null);
    },
  });
  const source = open();
  // A pipe hands on neither the failure of its source, nor that its target has gone.
  finished(source, (cause) => {
    if (cause) measuring.destroy(new ContentBroken("the content could not be read to its end", { cause }));
  });
  measuring.once("close", () => source.destroy());
  addAbortSignal(signal, measuring);
  return source.pipe(measuring);
}

/** The SHA-256 of the content as lower-case hex. Throws ContentBroken. */
export async function sha256Of(content: Content, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of measured(content, signal)) hash.update(chunk);
  return hash.digest("hex");
}
