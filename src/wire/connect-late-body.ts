import {
  type Compression,
  createAsyncIterable,
  type UniversalHandler,
  type UniversalServerRequest,
  type UniversalServerResponse,
  uResponseMethodNotAllowed,
} from "@connectrpc/connect/protocol";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import { discardBody, mayHaveBody, type RawRequest } from "../transcoding/body.js";
import { bodyFormatOf, emptyBodyIn } from "./connect-message.js";
import { replacing } from "./connect-refusals.js";

/**
 * Connect reads, decompresses and decodes a request before it calls the handler of the method. Gives it an empty message instead, so
 * that the body is untouched until the guard has let the caller pass and asks for it. Everything else of the protocol stays with Connect.
 *
 * What nobody has read when the response begins is discarded, up to `discardBytes`; beyond that the connection is closed.
 */
export function withLateBody(
  handler: UniversalHandler,
  rawOf: (request: UniversalServerRequest) => RawRequest,
  discardBytes: number,
): UniversalHandler {
  const answer = async (request: UniversalServerRequest): Promise<UniversalServerResponse> => {
    try {
      // Also the messages that Connect takes from a URL are decoded before anybody is asked.
      if (request.method !== "POST") return uResponseMethodNotAllowed;
      const format = bodyFormatOf(request.header.get("content-type"));
      // Connect compares it with what it reads.
      request.header.delete("content-length");
      return await handler({
        ...request,
        body: createAsyncIterable(format ? [emptyBodyIn(format)] : []),
      });
    } finally {
      discardUnread(rawOf(request), request.signal, discardBytes);
    }
  };
  return replacing(handler, answer);
}

/** Lets a client finish its upload within bounds, so that it gets to read the response. */
function discardUnread(raw: RawRequest, responseClosed: AbortSignal, limit: number): void {
  if (!mayHaveBody(raw)) return;
  discardBody(raw, limit, () => {
    raw.pause();
    const hangUp = () => raw.destroy();
    if (responseClosed.aborted) hangUp();
    else responseClosed.addEventListener("abort", hangUp, { once: true });
  });
}

/** Leaves requests as they are: what Connect would decompress are the empty messages in place of those that were sent. */
const forResponses = (compression: Compression): Compression => ({
  ...compression,
  decompress: async (bytes) => new Uint8Array(bytes),
});

/** Compresses responses. Requests may be compressed in the same ways. */
export const responseCompression: Compression[] = [compressionGzip, compressionBrotli].map(forResponses);
