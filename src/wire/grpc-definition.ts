import { type DescMessage, type DescMethod, type Message, toBinary } from "@bufbuild/protobuf";
import type { MethodDefinition } from "@grpc/grpc-js";

/** A method for grpc-js. Requests are handed on in their bytes, so that bad ones are refused by us and not by the library. */
export function definitionOf(method: DescMethod): MethodDefinition<Buffer, Message> {
  const { methodKind, input, output, parent, name } = method;
  return {
    path: `/${parent.typeName}/${name}`,
    requestStream: methodKind === "client_streaming" || methodKind === "bidi_streaming",
    responseStream: methodKind === "server_streaming" || methodKind === "bidi_streaming",
    requestSerialize: (bytes) => bytes,
    requestDeserialize: (bytes) => bytes,
    responseSerialize: (message) => bytesOf(output, message),
    responseDeserialize: () => {
      throw new Error(`${input.typeName} is served here, not called`);
    },
  };
}

const kept = new WeakMap<Message, Buffer>();

/** A message that is frozen is answered again and again: its bytes are kept. */
function bytesOf(schema: DescMessage, message: Message): Buffer {
  const known = kept.get(message);
  if (known) return known;
  const bytes = bufferOf(toBinary(schema, message));
  if (Object.isFrozen(message)) kept.set(message, bytes);
  return bytes;
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
