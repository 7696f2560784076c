import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { finished } from "node:stream/promises";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { Failure } from "../platform/failure.js";

/** Says of a request that its signature covers the hash of its body. */
const BODY_HASH_HEADER = "x-auth-content-sha256";

export const SHA256_OF_NOTHING = createHash("sha256").digest("hex");

/** The hash of a body, taken while somebody else reads it. */
export interface BodyWatch {
  /** Of the whole body as lower-case hex; what nobody has read is read to its end. */
  sha256(): Promise<string>;
}

const watches = new WeakMap<IncomingMessage, BodyWatch>();

export const bodyWatchOf = (raw: IncomingMessage): BodyWatch | undefined => watches.get(raw);

/** Begins to hash the body of a request that has a signed hash of it. To be called before anything of the body has arrived. */
export function watchSignedBody(raw: IncomingMessage): void {
  if (raw.headers[BODY_HASH_HEADER] === undefined) return;
  const hash = createHash("sha256");
  const push = raw.push.bind(raw);
  // Not by listening: that would make the body flow before its reader is there.
  raw.push = (piece: Buffer | string | null, encoding?: BufferEncoding): boolean => {
    if (piece !== null) hash.update(piece);
    return push(piece, encoding);
  };
  let digest: Promise<string> | undefined;
  watches.set(raw, {
    sha256() {
      digest ??= toTheEnd(raw).then(() => hash.digest("hex"));
      return digest;
    },
  });
}

async function toTheEnd(raw: IncomingMessage): Promise<void> {
  if (raw.readableEnded) return;
  raw.resume();
  try {
    await finished(raw, { writable: false });
  } catch (cause) {
    throw new Failure(ErrorReason.CANCELLED, { cause });
  }
}
