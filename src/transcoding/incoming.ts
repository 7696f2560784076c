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
  /** Longest multipart form in bytes. */
  readonly formBytes: number;
  /** As much of a multipart form as is held in memory: everything but the files that somebody receives. */
  readonly keptFormBytes: number;
  readonly jsonDepth: number;
  readonly jsonNodes: number;
  readonly queryParameters: number;
  /** Parts of a multipart form. */
  readonly formParts: number;
  /** Unknown parameters and JSON fields are skipped instead of refused. */
  readonly ignoreUnknown: boolean;
  /** Whether JSON null for this string of explicit presence, at the top of the body, is "" instead of unset. */
  readonly nullMeansEmpty: (field: DescField) => boolean;
  /** Enum values are also called by their words: `active` for USER_STATE_ACTIVE. In JSON, at the top of the body. */
  readonly enumWords: boolean;
  /** Whether a blank text for this field counts as no value. */
  readonly blankIsUnset: (field: DescField) => boolean;
  readonly jsonAsText: (field: DescField) => boolean;
  /** For google.protobuf.Any. */
  readonly registry: Registry | undefined;
}
