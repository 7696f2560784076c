import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { FastifyRequest } from "fastify";
import type { DecodedRequest } from "./decode.js";

/** One HTTP request on its way to a method. */
export interface RestCall {
  readonly method: DescMethod;
  readonly rawRequest: FastifyRequest;
  readonly requestHeader: Headers;
  /** Copied to the reply, also when the call fails. */
  readonly responseHeader: Pick<Headers, "set" | "append">;
  /** Aborted when the client goes away before the reply is complete. */
  readonly signal: AbortSignal;
  /** Milliseconds from the `grpc-timeout` header. The caller enforces it. */
  readonly timeoutMs: number | undefined;
  /** Reads and decodes the request on first use, so that a caller can be refused before a body is read. Throws TranscodingError. */
  read(): DecodedRequest | Promise<DecodedRequest>;
  /** The messages of a client stream; can be read once. Throws TranscodingError, InvalidFields. */
  readStream(): AsyncIterable<Message>;
}
