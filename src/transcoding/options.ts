import type { DescField, DescMethod, Message, Registry } from "@bufbuild/protobuf";
import type { FastifyReply } from "fastify";
import type { RestCall } from "./call.js";
import type { ResponseValue } from "./respond.js";

export interface RestMethod {
  readonly method: DescMethod;
  /** Unary and client streaming: a promise of the response. Server streaming: its messages. */
  invoke(call: RestCall): Promise<Message> | AsyncIterable<Message>;
}

export interface TranscoderLimits {
  /** Longest body, before and after decompression. */
  readonly bodyBytes: number;
  /** How much of an unwanted body is read and forgotten before the connection is closed. */
  readonly discardBytes: number;
  readonly jsonDepth: number;
  /** Longest path, without query. */
  readonly pathBytes: number;
  readonly queryParameters: number;
}

export interface TranscoderOptions {
  readonly methods: Iterable<RestMethod>;
  /** Default 200. */
  readonly successStatus?: (method: DescMethod) => number | undefined;
  /** Whether a success has no body; always so with status 204. */
  readonly emptyBody?: (method: DescMethod) => boolean;
  /** JSON text of a response; default is ProtoJSON with proto field names and zero values. */
  readonly writeJson?: (value: ResponseValue) => string;
  /** Lets the host set headers that follow from the message; `reply` has its status already. */
  readonly beforeSend?: (call: RestCall, message: Message, reply: FastifyReply) => void;
  /** Answers a failure; `Allow` and the call's headers are already set. Default: google.rpc.Status. */
  readonly sendFailure?: (error: unknown, reply: FastifyReply, method?: DescMethod) => void | Promise<void>;
  /** JSON text of the line that ends a broken stream. Default: `{"error": google.rpc.Status}`. */
  readonly writeStreamFailure?: (error: unknown, method: DescMethod) => string;
  readonly limits?: Partial<TranscoderLimits>;
  /** Unknown parameters and JSON fields are skipped; default true. */
  readonly ignoreUnknown?: boolean;
  /** Whether JSON null for this string of explicit presence, at the top of the body, is "" instead of unset; default never. */
  readonly nullMeansEmpty?: (field: DescField) => boolean;
  /** `//a` is `/a`; default true. */
  readonly collapseSlashes?: boolean;
  /** `/a/` is `/a`; default true. */
  readonly ignoreTrailingSlash?: boolean;
  /** Types for google.protobuf.Any. */
  readonly registry?: Registry;
}

export const defaultLimits: TranscoderLimits = {
  bodyBytes: 1024 * 1024,
  discardBytes: 64 * 1024,
  jsonDepth: 100,
  pathBytes: 8 * 1024,
  queryParameters: 1000,
};
