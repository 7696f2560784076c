import type { JsonValue } from "@bufbuild/protobuf";
import { TranscodingError } from "./error.js";

export type JsonFields = { [key: string]: JsonValue };

export interface JsonBounds {
  /** Objects and lists inside each other. */
  readonly jsonDepth: number;
  /** Values in all, members of objects and items of lists among them. */
  readonly jsonNodes: number;
}

/** Parses JSON of bounded depth and size. Throws TranscodingError ("malformed_body", "too_complex"). */
export function parseJson(text: string, bounds: JsonBounds): JsonValue {
  const excess = excessOf(text, bounds);
  if (excess === "depth") {
    throw new TranscodingError(
      "malformed_body",
      `the JSON is nested more than ${bounds.jsonDepth} levels deep`,
    );
  }
  if (excess === "nodes")
    throw new TranscodingError("too_complex", `the JSON has more than ${bounds.jsonNodes} values`);
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new TranscodingError("malformed_body", "the JSON is malformed");
  }
}

export const isJsonObject = (json: JsonValue | undefined): json is JsonFields =>
  typeof json === "object" && json !== null && !Array.isArray(json);

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const comma = 0x2c;

/**
 * What a JSON text has too much of, counted before anything is built from it: decoders recurse, and an object of many bytes is made for each
 * value of two. Stops at the first excess. Of text that is not JSON the result means nothing.
 */
export function excessOf(text: string, { jsonDepth, jsonNodes }: JsonBounds): "depth" | "nodes" | undefined {
  if (text.length <= Math.min(jsonDepth, jsonNodes)) return undefined;
  let depth = 0;
  let nodes = 1;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === backslash) at++;
      else if (code === quote) inString = false;
    } else if (code === quote) inString = true;
    else if (code === openBrace || code === openBracket) {
      if (++depth > jsonDepth) return "depth";
      if (++nodes > jsonNodes) return "nodes";
    } else if (code === closeBrace || code === closeBracket) depth--;
    else if (code === comma && ++nodes > jsonNodes) return "nodes";
  }
  return undefined;
}
