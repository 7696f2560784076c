import type { DescField, DescMethod, Message, Registry } from "@bufbuild/protobuf";
import type { FastifyReply } from "fastify";
import type { FormFile } from "./form.js";
import type { ResponseValue } from "./respond.js";
import type { RestCall } from "./rest-call.js";

export interface RestMethod {
  readonly method: DescMethod;
  /** Unary and client streaming: a promise of the response. Server streaming: its messages. */
  invoke(call: RestCall): Promise<Message> | AsyncIterable<Message>;
}

/** A file of a multipart form, while the client is still sending it. */
export interface ArrivingFile extends FormFile {
  readonly call: RestCall;
}

export interface TranscoderLimits {
  /** Longest body, before and after decompression. */
  readonly bodyBytes: number;
  /** How much of an unwanted body is read and forgotten before the connection is closed. */
  readonly discardBytes: number;
  readonly jsonDepth: number;
  /** Values of a JSON body in all. */
  readonly jsonNodes: number;
  /** Longest path, without query. */
  readonly pathBytes: number;
  /** Parameters of a query or an urlencoded form. */
  readonly queryParameters: number;
  /** Parts of a multipart form. */
  readonly formParts: number;
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
  /** Longest body of a method, where it is not that of the limits. */
  readonly bodyBytes?: (method: DescMethod) => number | undefined;
  /** Longest multipart form of a method that takes files; what is held of it in memory stays under the limits' `bodyBytes`. */
  readonly formBytes?: (method: DescMethod) => number | undefined;
  /**
   * Is offered every file of a form that is meant for a message, as it arrives. The message it answers is put into the field; undefined
   * leaves the file to the transcoder, which fills google.api.HttpBody. Bytes that it does not read are skipped.
   */
  readonly receiveFile?: (file: ArrivingFile) => Promise<Message> | undefined;
  /** Unknown parameters and JSON fields are skipped; default true. */
  readonly ignoreUnknown?: boolean;
  /** Whether JSON null for this string of explicit presence, at the top of the body, is "" instead of unset; default never. */
  readonly nullMeansEmpty?: (field: DescField) => boolean;
  /** Enum values are also called by their words, `active` for USER_STATE_ACTIVE, at the top of the request; default false. */
  readonly enumWords?: boolean;
  /** Whether a blank text for this field, at the top of the request, counts as no value; default never. */
  readonly blankIsUnset?: (field: DescField) => boolean;
  /**
   * String fields for which any JSON value is taken as its text: null, false, and empty lists and objects as the empty text. In forms their
   * members may come one by one, as `name[member]`.
   */
  readonly jsonAsText?: (field: DescField) => boolean;
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
  jsonNodes: 10_000,
  pathBytes: 8 * 1024,
  queryParameters: 1000,
  formParts: 1000,
};
