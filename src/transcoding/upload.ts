import { create, type JsonValue, type Message } from "@bufbuild/protobuf";
import { contentTypeOf, readBody, streamBody, textOf } from "./body.js";
import { Draft } from "./draft.js";
import { TranscodingError } from "./error.js";
import { uploadField, withBytes } from "./http-body.js";
import type { DecodePolicy, Incoming } from "./incoming.js";
import { inputJson, isJsonType, jsonOfBytes } from "./json-body.js";
import { bytesOf, isFile, partsOf } from "./multipart.js";

/**
 * The messages of a client stream. JSON lines, a JSON array or one JSON object give a message each; any other body, and the
 * file of a form, comes in pieces, of which the first also carries the parameters. Throws TranscodingError, InvalidFields.
 */
export async function* decodeStream(incoming: Incoming, policy: DecodePolicy): AsyncGenerator<Message> {
  const { type, header } = contentTypeOf(incoming.raw);
  if (type === "multipart/form-data") yield* filePieces(incoming, policy, header);
  else if (linesTypes.has(type)) yield* jsonLines(incoming, policy);
  else if (isJsonType(type)) yield* jsonWhole(incoming, policy);
  else if (uploadField(incoming.binding) !== undefined) yield* rawPieces(incoming, policy, header);
  else if (type === "") yield* jsonWhole(incoming, policy);
  else throw new TranscodingError("unsupported_media_type", `the media type "${type}" is not supported`);
}

const linesTypes = new Set(["application/x-ndjson", "application/ndjson", "application/jsonl"]);

async function* jsonWhole(incoming: Incoming, policy: DecodePolicy): AsyncGenerator<Message> {
  const body = await readBody(incoming.raw, policy.bodyBytes);
  if (body.length === 0) return;
  const json = jsonOfBytes(body, policy);
  for (const item of Array.isArray(json) ? json : [json]) yield messageOf(incoming, policy, item);
}

async function* jsonLines(incoming: Incoming, policy: DecodePolicy): AsyncGenerator<Message> {
  let rest = Buffer.alloc(0);
  for await (const piece of streamBody(incoming.raw, policy.bodyBytes)) {
    rest = Buffer.concat([rest, piece]);
    for (let end = rest.indexOf(newline); end !== -1; end = rest.indexOf(newline)) {
      const line = rest.subarray(0, end);
      rest = rest.subarray(end + 1);
      if (!isBlank(line)) yield messageOf(incoming, policy, jsonOfBytes(line, policy));
    }
  }
  if (!isBlank(rest)) yield messageOf(incoming, policy, jsonOfBytes(rest, policy));
}

const newline = 0x0a;
const isBlank = (line: Buffer): boolean => line.toString("latin1").trim() === "";

function messageOf(incoming: Incoming, policy: DecodePolicy, item: JsonValue): Message {
  const draft = new Draft(incoming, policy, { json: inputJson(incoming.binding, item, policy) });
  draft.writeTarget();
  return draft.finished();
}

async function* rawPieces(incoming: Incoming, policy: DecodePolicy, type: string): AsyncGenerator<Message> {
  const { binding, raw } = incoming;
  const field = uploadField(binding);
  const draft = new Draft(incoming, policy);
  draft.writeTarget();
  let first: Message | undefined = draft.finished();
  for await (const piece of streamBody(raw, policy.bodyBytes)) {
    yield withBytes(binding, field, first ?? create(binding.method.input), type, piece);
    first = undefined;
  }
  if (first !== undefined) yield withBytes(binding, field, first, type, new Uint8Array(0));
}

/** Text parts before the file travel with its first piece, later ones in a message at the end. */
async function* filePieces(incoming: Incoming, policy: DecodePolicy, type: string): AsyncGenerator<Message> {
  const { binding, raw } = incoming;
  let draft: Draft | undefined = new Draft(incoming, policy);
  let isFirst = true;
  const nextMessage = (): Message => {
    const current = draft;
    draft = undefined;
    if (isFirst) current?.writeTarget();
    isFirst = false;
    return current?.finished() ?? create(binding.method.input);
  };
  for await (const part of partsOf(streamBody(raw, policy.bodyBytes), type, policy.formParts)) {
    if (!isFile(part)) {
      draft ??= new Draft(incoming, policy);
      draft.writeField(part.name, textOf(await bytesOf(part)));
      continue;
    }
    const field = uploadField(binding, part.name);
    for await (const piece of part.pieces) {
      yield withBytes(binding, field, nextMessage(), part.contentType, piece);
    }
  }
  if (draft !== undefined) yield nextMessage();
}
