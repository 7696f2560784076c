/** What kept a request from becoming a call. The host decides how it looks on the wire. */
export type TranscodingErrorKind =
  | "bad_path"
  | "path_too_long"
  | "not_found"
  | "method_not_allowed"
  | "malformed_query"
  | "malformed_body"
  | "unknown_field"
  | "unsupported_media_type"
  | "body_too_large"
  | "too_complex"
  | "bad_timeout"
  | "aborted";

const statuses: Record<TranscodingErrorKind, number> = {
  bad_path: 400,
  path_too_long: 414,
  not_found: 404,
  method_not_allowed: 405,
  malformed_query: 400,
  malformed_body: 400,
  unknown_field: 400,
  unsupported_media_type: 415,
  body_too_large: 413,
  too_complex: 413,
  bad_timeout: 400,
  // Nobody reads it; proxies log it as "client closed request".
  aborted: 499,
};

/** A request that cannot be transcoded; `status` is the recommended HTTP status. */
export class TranscodingError extends Error {
  override readonly name = "TranscodingError";
  readonly status: number;
  constructor(
    readonly kind: TranscodingErrorKind,
    message: string,
    /** HTTP methods the path offers; only with "method_not_allowed". */
    readonly allow?: readonly string[],
  ) {
    super(message);
    this.status = statuses[kind];
  }
}
