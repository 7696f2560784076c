import { create, type DescField, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { HttpBodySchema } from "../../gen/google/api/httpbody_pb.js";
import { type RawRequest, streamBody, textOf, tooLarge } from "./body.js";
import type { Draft } from "./draft.js";
import type { FieldTarget } from "./fields.js";
import { isHttpBody } from "./http-body.js";
import type { DecodePolicy } from "./incoming.js";
import { bytesOf, type FilePart, isFile, type Part, partsOf } from "./multipart.js";

/** A file of a form that is meant for a field of message type. */
export interface FormFile {
  /** A single message or a list of them. */
  readonly field: DescField;
  /** How many files came before for this field. */
  readonly index: number;
  /** Without folders and control characters; empty when nothing else is left of it. */
  readonly filename: string;
  /** As the client says, in lower case and without parameters; `text/plain` when it says nothing. */
  readonly contentType: string;
  /** Its bytes, once. Throws TranscodingError when the form breaks off, is malformed or grows too long. */
  readonly data: AsyncIterable<Buffer>;
}

/** Answers the message that stands for the file; undefined when nobody wants to receive it. */
export type Receive = (file: FormFile) => Promise<Message> | undefined;

/** Reads a multipart form part by part, in any order. Throws TranscodingError, and what `receive` throws. */
export async function readForm(
  draft: Draft,
  raw: RawRequest,
  contentType: string,
  { formBytes, keptFormBytes, formParts }: DecodePolicy,
  receive: Receive,
): Promise<void> {
  const form = new FormReader(draft, receive, keptFormBytes);
  for await (const part of partsOf(streamBody(raw, formBytes), contentType, formParts)) {
    if (isFile(part)) await form.readFile(part);
    else await form.readText(part);
  }
}

class FormReader {
  private kept = 0;
  private readonly offered = new Map<string, number>();

  constructor(
    private readonly draft: Draft,
    private readonly receive: Receive,
    private readonly mostKept: number,
  ) {}

  async readText(part: Part): Promise<void> {
    const text = textOf(await this.keep(part));
    // The file input of a page in which nothing was chosen.
    const isNoFile = part.filename === "" && text === "" && this.draft.canHoldFile(part.name);
    if (!isNoFile) this.draft.writeField(part.name, text);
  }

  async readFile(part: FilePart): Promise<void> {
    const { draft } = this;
    const target = draft.claimForFile(part.name);
    if (target === undefined) return;
    const { message } = target.last;
    const received = message && (await this.offer(part, target));
    if (message && received) draft.putFile(target, reflect(message, received));
    else if (message && !isHttpBody(message)) draft.refuseFile(target);
    else {
      const data = await this.keep(part);
      const { contentType } = part;
      draft.putFile(
        target,
        message ? reflect(HttpBodySchema, create(HttpBodySchema, { contentType, data })) : data,
      );
    }
  }

  private offer(part: FilePart, target: FieldTarget): Promise<Message> | undefined {
    const index = this.offered.get(target.key) ?? 0;
    this.offered.set(target.key, index + 1);
    const { contentType, pieces } = part;
    return this.receive({
      field: target.last,
      index,
      filename: baseNameOf(part.filename),
      contentType,
      data: pieces,
    });
  }

  private keep(part: Part): Promise<Buffer> {
    return bytesOf(part, (bytes) => {
      this.kept += bytes;
      if (this.kept > this.mostKept) throw tooLarge(this.mostKept);
    });
  }
}

/** The last segment of a path of any system. Browsers write a quote as `%22`, so that the header stays readable. */
function baseNameOf(filename: string): string {
  const base = filename.slice(Math.max(filename.lastIndexOf("/"), filename.lastIndexOf("\\")) + 1);
  return base
    .replaceAll("%22", '"')
    .replace(/\p{Cc}/gu, "")
    .replace(/^\.{1,2}$/, "");
}
