import type { JsonValue } from "@bufbuild/protobuf";
import { TranscodingError } from "./error.js";

export type JsonFields = { [key: string]: JsonValue };

/** Parses JSON of bounded depth. Throws TranscodingError ("malformed_body"). */
export function parseJson(text: string, depth: number): JsonValue {
  if (deeperThan(text, depth)) {
    throw new TranscodingError("malformed_body", `the JSON is nested more than ${depth} levels deep`);
  }
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

/** Decoders recurse, so hostile nesting is refused before anything is built from it. */
export function deeperThan(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === backslash) at++;
      else if (code === quote) inString = false;
    } else if (code === quote) inString = true;
    else if (code === openBrace || code === openBracket) {
      if (++depth > limit) return true;
    } else if (code === closeBrace || code === closeBracket) depth--;
  }
  return false;
}
