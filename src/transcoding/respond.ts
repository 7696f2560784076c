import { Readable } from "node:stream";
import {
  type DescField,
  type DescMessage,
  type DescMethod,
  type Message,
  type Registry,
  toJson,
} from "@bufbuild/protobuf";
import { type ReflectList, type ReflectMap, reflect } from "@bufbuild/protobuf/reflect";
import type { HttpBody } from "../../gen/google/api/httpbody_pb.js";
import { isHttpBody } from "./http-body.js";
import type { Binding } from "./rules.js";

/** What goes into a response body: a message, or the field of one that `response_body` names. */
export type ResponseValue =
  | {
      readonly kind: "message";
      readonly method: DescMethod;
      readonly schema: DescMessage;
      readonly message: Message;
    }
  | {
      /** A list, map, scalar or enum; `value` is what reflection gives for it. */
      readonly kind: "field";
      readonly method: DescMethod;
      readonly schema: DescMessage;
      readonly field: DescField;
      readonly value: ReflectList | ReflectMap | unknown;
      /** The whole response, of which `field` is a part. */
      readonly message: Message;
    };

/** Narrows a response to what the rule wants in the body. */
export function responseValueOf({ method, responseBody: field }: Binding, message: Message): ResponseValue {
  const schema = method.output;
  if (field === undefined) return { kind: "message", method, schema, message };
  const holder = reflect(schema, message);
  if (field.fieldKind === "message") {
    return { kind: "message", method, schema: field.message, message: holder.get(field).message };
  }
  return { kind: "field", method, schema, field, value: holder.get(field), message };
}

/** The google.api.HttpBody that is to be sent as it is. */
export function httpBodyOf(value: ResponseValue): HttpBody | undefined {
  if (value.kind !== "message" || !isHttpBody(value.schema)) return undefined;
  return value.message as HttpBody;
}

export const bytesOfHttpBody = ({ data }: HttpBody): Buffer =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength);

/** ProtoJSON with proto field names, in which zero values are written too. */
export const protoJsonWriter = (registry?: Registry) => {
  const options = { alwaysEmitImplicit: true, useProtoFieldName: true, ...(registry && { registry }) };
  return (value: ResponseValue): string => {
    if (value.kind === "message") return JSON.stringify(toJson(value.schema, value.message, options));
    const whole = toJson(value.schema, value.message, options) as Record<string, unknown>;
    return JSON.stringify(whole[value.field.name] ?? null);
  };
};

/** A stream whose first message is already there, so that a failure before it can still choose the status. */
export interface StartedStream {
  readonly first: IteratorResult<Message>;
  readonly rest: AsyncIterator<Message>;
}

export async function startStream(messages: AsyncIterable<Message>): Promise<StartedStream> {
  const rest = messages[Symbol.asyncIterator]();
  return { first: await rest.next(), rest };
}

/**
 * The pieces of a streamed body. A failure becomes the last piece, as the status has been sent long ago; without a way to write it the
 * body breaks off, which clients notice.
 */
export function streamOf(
  { first, rest }: StartedStream,
  write: (message: Message) => string | Uint8Array,
  writeFailure: ((error: unknown) => string) | undefined,
): Readable {
  async function* pieces() {
    try {
      for (let next = first; next.done !== true; next = await rest.next()) yield write(next.value);
    } catch (error) {
      if (writeFailure === undefined) throw error;
      yield writeFailure(error);
    } finally {
      await rest.return?.();
    }
  }
  return Readable.from(pieces(), { objectMode: false });
}
