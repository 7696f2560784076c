import type { MethodRules } from "../../gen/barong/options/v1/options_pb.js";

/** Longest request of a method that declares nothing else. */
export const MOST_BODY_BYTES = 1024 * 1024;

/** Longest request of a method in bytes, as JSON or as a message. */
export const mostBytesOf = ({ rules }: { readonly rules: Pick<MethodRules, "maxRequestBytes"> }): number =>
  rules.maxRequestBytes || MOST_BODY_BYTES;
