import { create, type Message } from "@bufbuild/protobuf";
import { type ContentType, contentTypeOf, mayHaveBody, type RawRequest, readBody, textOf } from "./body.js";
import { Draft, type Start } from "./draft.js";
import { TranscodingError } from "./error.js";
import { type Receive, readForm } from "./form.js";
import { rawBodyField, withBytes } from "./http-body.js";
import type { DecodePolicy, Incoming } from "./incoming.js";
import { inputJson, isJsonType, jsonOfBytes } from "./json-body.js";
import { parsePairs } from "./query.js";
import type { Binding } from "./rules.js";
import type { FieldViolation } from "./violations.js";

export interface DecodedRequest {
  readonly message: Message;
  /** Values of a wrong type, range or enum word, in the order in which they were met. */
  readonly violations: FieldViolation[];
}

/**
 * Reads and decodes a unary request: body, then query, then path, which has the last word. Throws TranscodingError. A promise only where
 * there is a body to be waited for.
 */
export function decodeRequest(
  incoming: Incoming,
  policy: DecodePolicy,
  receive: Receive,
): DecodedRequest | Promise<DecodedRequest> {
  const { raw, binding } = incoming;
  if (mayHaveBody(raw) && readsBody(binding, raw))
    return draftOfBody(incoming, policy, receive).then(withTarget);
  return withTarget(new Draft(incoming, policy));
}

function withTarget(draft: Draft): DecodedRequest {
  draft.writeTarget();
  return draft;
}

/**
 * Whether the method wants the body of a request. Forms carry parameters even where the rule has no body; every other body is
 * none of its business there.
 */
export function readsBody({ body, httpMethod }: Binding, raw: RawRequest): boolean {
  if (body !== undefined) return true;
  const isForm = raw.headers["content-type"]?.toLowerCase().startsWith(formType) === true;
  return isForm && ["POST", "PUT", "PATCH"].includes(httpMethod);
}

const formType = "application/x-www-form-urlencoded";

async function draftOfBody(incoming: Incoming, policy: DecodePolicy, receive: Receive): Promise<Draft> {
  const content = contentTypeOf(incoming.raw);
  if (content.type === "multipart/form-data") {
    const draft = new Draft(incoming, policy);
    await readForm(draft, incoming.raw, content.header, policy, receive);
    return draft;
  }
  const { fields, ...start } = await contentOf(incoming, content, policy);
  const draft = new Draft(incoming, policy, start);
  for (const [name, text] of fields ?? []) draft.writeField(name, text);
  return draft;
}

interface Content extends Start {
  readonly fields?: readonly [string, string][];
}

async function contentOf(
  { raw, binding }: Incoming,
  { type, header }: ContentType,
  policy: DecodePolicy,
): Promise<Content> {
  const field = rawBodyField(binding);
  if (field === undefined && type !== "" && type !== formType && !isJsonType(type)) {
    return refuseUnlessEmpty(raw, type);
  }
  const body = await readBody(raw, policy.bodyBytes);
  if (field !== undefined) {
    return { message: withBytes(binding, field, create(binding.method.input), header, body) };
  }
  if (body.length === 0) return {};
  if (type === formType) {
    return { fields: parsePairs(textOf(body), policy.queryParameters, "malformed_body") };
  }
  // Clients that forget the header nearly always send JSON.
  return { json: inputJson(binding, jsonOfBytes(body, policy), policy) };
}

async function refuseUnlessEmpty(raw: RawRequest, type: string): Promise<Content> {
  // A body of unknown length may turn out to be none.
  const isAnnounced = raw.headers["content-length"] !== undefined;
  const isEmpty = !isAnnounced && (await readBody(raw, 0).then(isNothing, isSomething));
  if (isEmpty) return {};
  throw new TranscodingError("unsupported_media_type", `the media type "${type}" is not supported`);
}

const isNothing = (body: Buffer): boolean => body.length === 0;

/** For the failure to read a body of no bytes: there are some, unless something worse happened. */
function isSomething(error: unknown): boolean {
  if (error instanceof TranscodingError && error.kind === "body_too_large") return false;
  throw error;
}
