import type { JsonObject } from "@bufbuild/protobuf";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { isKeepable } from "../../platform/metadata.js";
import { trimmed } from "../../platform/white-space.js";
import type { FileType } from "./content/file-type.js";

const LONGEST_FILE_NAME = 255;

/** Why an account with so many documents may not have so many more; undefined when it may. */
export function limitReason(present: number, added: number, most: number): ErrorReason | undefined {
  if (present >= most) return ErrorReason.DOCUMENT_LIMIT_REACHED;
  return present + added > most ? ErrorReason.DOCUMENT_LIMIT_EXCEEDED : undefined;
}

export interface Claims {
  /** `YYYY-MM-DD`. */
  readonly docExpire: string;
  readonly metadata: JsonObject | undefined;
}

/** Why a document cannot be so, whatever its files are. `today` is `YYYY-MM-DD`. */
export function reasonsAgainst({ docExpire, metadata }: Claims, today: string): ErrorReason[] {
  const reasons: ErrorReason[] = [];
  if (docExpire < today) reasons.push(ErrorReason.DOCUMENT_EXPIRED);
  if (metadata && !isKeepable(metadata)) reasons.push(ErrorReason.DOCUMENT_METADATA_INVALID);
  return reasons;
}

/** The kinds of files, with the endings that their names may have; the first is given to a name that has none of them. */
const ENDINGS: Record<FileType, readonly [string, ...string[]]> = {
  "image/jpeg": [".jpg", ".jpeg", ".jpe", ".jfif"],
  "image/png": [".png"],
  "application/pdf": [".pdf"],
};

/**
 * The name under which a file is handed out: what its owner calls it, without folders and without characters that hide or turn what
 * comes after them. It ends as its content is, so that no program runs a picture as a page or a script.
 */
export function fileNameOf(given: string, type: FileType): string {
  const lastSegment = given.split(/[/\\]/).at(-1) ?? "";
  const name = trimmed(lastSegment.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, ""));
  const [usual, ...others] = ENDINGS[type];
  const fitting = [usual, ...others].find((each) => name.toLowerCase().endsWith(each));
  const base = fitting === undefined ? name : name.slice(0, -fitting.length);
  const ending = name.slice(base.length) || usual;
  return `${cut(base || "document", LONGEST_FILE_NAME - ending.length)}${ending}`;
}

/** JSON of what a front end adds. */
export const metadataText = (metadata: JsonObject | undefined): string | null =>
  metadata === undefined ? null : JSON.stringify(metadata);

/** No longer than `most`, and without half a character at the end. */
const cut = (text: string, most: number): string => text.slice(0, most).replace(/[\ud800-\udbff]$/, "");
