import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

const MOST_BYTES = 4096;
// Readers of binary messages stop at a hundred levels, of which each level here takes three.
const MOST_LEVELS = 16;

/** Whether it is no more than we keep for front ends: up to 4 KiB as JSON, at most 16 objects and lists inside each other. */
export const isKeepable = (metadata: JsonObject): boolean =>
  hasLevels(metadata, MOST_LEVELS) && Buffer.byteLength(JSON.stringify(metadata)) <= MOST_BYTES;

const hasLevels = (value: JsonValue, most: number): boolean =>
  typeof value !== "object" ||
  value === null ||
  (most > 0 && Object.values(value).every((inner) => hasLevels(inner, most - 1)));
