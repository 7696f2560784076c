import type { DescField, Registry } from "@bufbuild/protobuf";
import type { RawRequest } from "./body.js";
import type { PathValues } from "./router.js";
import type { Binding } from "./rules.js";

/** A request before anything but its path was looked at. */
export interface Incoming {
  readonly raw: RawRequest;
  readonly binding: Binding;
  readonly values: PathValues;
  /** Without "?". */
  readonly query: string;
}

export interface DecodePolicy {
  /** Longest body in bytes, before and after decompression. */
  readonly bodyBytes: number;
  readonly jsonDepth: number;
  readonly queryParameters: number;
  /** Unknown parameters and JSON fields are skipped instead of refused. */
  readonly ignoreUnknown: boolean;
  /** Whether JSON null for this string of explicit presence, at the top of the body, is "" instead of unset. */
  readonly nullMeansEmpty: (field: DescField) => boolean;
  /** For google.protobuf.Any. */
  readonly registry: Registry | undefined;
}
