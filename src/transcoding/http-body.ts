import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { HttpBodySchema } from "../../gen/google/api/httpbody_pb.js";
import type { Binding } from "./rules.js";

export const isHttpBody = (message: DescMessage | undefined): boolean =>
  message?.typeName === HttpBodySchema.typeName;

/** The google.api.HttpBody that takes the whole request body as it is: the input itself ("*") or a field of it. */
export function rawBodyField({ body, method }: Binding): DescField | "*" | undefined {
  if (body === "*") return isHttpBody(method.input) ? "*" : undefined;
  return body?.fieldKind === "message" && isHttpBody(body.message) ? body : undefined;
}

/** Where the bytes of an upload go: the field that the rule or the part of a form names, else the first that can take them. */
export function uploadField(binding: Binding, partName?: string): DescField | "*" | undefined {
  const raw = rawBodyField(binding);
  if (raw !== undefined) return raw;
  const { body, method } = binding;
  if (typeof body === "object") return takesBytes(body) ? body : undefined;
  const fields = method.input.fields.filter(takesBytes);
  return fields.find(({ name, jsonName }) => name === partName || jsonName === partName) ?? fields[0];
}

/** Puts bytes into a field; with "*" the message itself becomes the HttpBody. */
export function withBytes(
  binding: Binding,
  field: DescField | "*" | undefined,
  message: Message,
  contentType: string,
  data: Uint8Array,
): Message {
  const httpBody = () => create(HttpBodySchema, { contentType, data });
  if (field === "*") return httpBody();
  const holder = reflect(binding.method.input, message);
  if (field?.fieldKind === "scalar") holder.set(field, data);
  if (field?.fieldKind === "message") holder.set(field, reflect(HttpBodySchema, httpBody()));
  return message;
}

const takesBytes = (field: DescField): boolean =>
  (field.fieldKind === "scalar" && field.scalar === ScalarType.BYTES) ||
  (field.fieldKind === "message" && isHttpBody(field.message));
