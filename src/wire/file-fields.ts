import {
  type DescField,
  type DescMessage,
  type DescMethod,
  getOption,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { type FileRules, field as fieldRules } from "../../gen/barong/options/v1/options_pb.js";
import { MOST_BODY_BYTES } from "./request-bytes.js";
import { fieldReader } from "./steps/field-value.js";

/** How many files a field takes, and of what size; undefined when it takes none. */
export function fileBoundsOf(field: DescField): FileBounds | undefined {
  const { files } = getOption(field, fieldRules);
  return files && { mostBytes: Number(files.maxBytes), mostFiles: files.maxFiles };
}

export interface FileBounds {
  /** Of one file. */
  readonly mostBytes: number;
  readonly mostFiles: number;
}

/**
 * Longest form of a method that takes files; undefined for other methods. There is room for one file too many, so that its sender hears
 * from the method that there are too many files, and not from the door that the form is too long.
 */
export function formBytesOf({ input }: DescMethod): number | undefined {
  const bounds = input.fields.flatMap((field) => fileBoundsOf(field) ?? []);
  if (bounds.length === 0) return undefined;
  return bounds.reduce((sum, { mostBytes, mostFiles }) => sum + (mostFiles + 1) * mostBytes, MOST_BODY_BYTES);
}

/** Where a file stands in a request that came as a message; undefined when its field has no bounds. */
export function placeOf(
  file: Message,
  request: Message,
  { input }: DescMethod,
): { readonly bounds: FileBounds; readonly index: number } | undefined {
  for (const field of input.fields) {
    const bounds = fileBoundsOf(field);
    if (!bounds) continue;
    const value = fieldReader(field)(request);
    const index = (Array.isArray(value) ? value : [value]).indexOf(file);
    if (index !== -1) return { bounds, index };
  }
  return undefined;
}

/** What is wrong with the files that a method declares, one sentence each. */
export function problemsOfFiles({ input, methodKind }: DescMethod): string[] {
  const problems: string[] = [];
  for (const { field, rules } of filesWithin(input)) {
    const takes = `takes files in "${field.name}"`;
    if (field.parent !== input)
      problems.push(`${takes} of ${field.parent.typeName}, which is not the request`);
    if (!isFileLike(field))
      problems.push(`${takes}, which is no message with filename, content_type and data`);
    if (rules.maxBytes < 1n || rules.maxFiles < 1) problems.push(`${takes} without max_bytes or max_files`);
    if (methodKind !== "unary") problems.push(`${takes}, but does not answer with one message`);
  }
  return problems;
}

function filesWithin(
  message: DescMessage,
  seen = new Set<DescMessage>(),
): { readonly field: DescField; readonly rules: FileRules }[] {
  if (seen.has(message)) return [];
  seen.add(message);
  return message.fields.flatMap((field) => {
    const { files: rules } = getOption(field, fieldRules);
    const inside = field.message ? filesWithin(field.message, seen) : [];
    return rules ? [{ field, rules }, ...inside] : inside;
  });
}

function isFileLike(field: DescField): boolean {
  const { fieldKind, message } = field;
  if (!message || fieldKind === "map") return false;
  const has = (name: string, type: ScalarType) =>
    message.fields.some((each) => each.name === name && each.fieldKind === "scalar" && each.scalar === type);
  return (
    has("filename", ScalarType.STRING) &&
    has("content_type", ScalarType.STRING) &&
    has("data", ScalarType.BYTES)
  );
}
