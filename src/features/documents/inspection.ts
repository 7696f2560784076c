import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { FileContent } from "../../platform/call.js";
import { fileTypeOf } from "./content/file-type.js";
import type { AcceptedFile } from "./file-keeper.js";

export interface UploadedFile {
  /** As its owner calls it. */
  readonly name: string;
  /** Undefined beyond the number of files that a request may have. */
  readonly content: FileContent | undefined;
}

export interface Inspection {
  /** The files that may be kept. */
  readonly accepted: readonly AcceptedFile[];
  /** Why others may not, each reason once. */
  readonly reasons: readonly ErrorReason[];
}

/** Looks into files, one after the other. */
export async function inspectFiles(files: readonly UploadedFile[]): Promise<Inspection> {
  const accepted: AcceptedFile[] = [];
  const reasons = new Set<ErrorReason>();
  for (const { name, content } of files) {
    // One file of no type is enough to refuse them all; looking into the others would be work for nothing.
    const verdict = reasons.has(ErrorReason.UPLOAD_TYPE_INVALID) ? faultOf(content) : await inspect(content);
    if (verdict === undefined) continue;
    if (typeof verdict === "number") reasons.add(verdict);
    else accepted.push({ name, ...verdict });
  }
  return { accepted, reasons: [...reasons] };
}

async function inspect(content: FileContent | undefined): Promise<Omit<AcceptedFile, "name"> | ErrorReason> {
  const fault = faultOf(content);
  if (fault !== undefined || content === undefined) return fault ?? ErrorReason.DOCUMENT_LIMIT_EXCEEDED;
  const type = await fileTypeOf(content.open());
  return type === undefined ? ErrorReason.UPLOAD_TYPE_INVALID : { content, type };
}

/** What is wrong with a file that has not been looked into. */
function faultOf(content: FileContent | undefined): ErrorReason | undefined {
  if (content === undefined) return ErrorReason.DOCUMENT_LIMIT_EXCEEDED;
  if (content.bytes === 0) return ErrorReason.UPLOAD_TOO_SMALL;
  return content.isTooLarge ? ErrorReason.UPLOAD_TOO_LARGE : undefined;
}
