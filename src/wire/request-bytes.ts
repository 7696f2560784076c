import type { MethodRules } from "../../gen/barong/options/v1/options_pb.js";

/** Longest request of a method that declares nothing else. Small, because anybody may send it. */
export const MOST_BODY_BYTES = 64 * 1024;

/** Longest message that is sent over gRPC. */
export const MAX_RESPONSE_BYTES = 1024 * 1024;

type Bounded = { readonly rules: Pick<MethodRules, "maxRequestBytes"> };

/** Longest request of a method in bytes, as JSON or as a message, after decompression. */
export const mostBytesOf = ({ rules }: Bounded): number => rules.maxRequestBytes || MOST_BODY_BYTES;

/** Longest request that any of the methods takes. */
export const maxBytesOfAll = (methods: Iterable<Bounded>): number =>
  Math.max(MOST_BODY_BYTES, ...Array.from(methods, mostBytesOf));
