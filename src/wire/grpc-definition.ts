import { type DescMethod, type Message, toBinary } from "@bufbuild/protobuf";
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
    responseSerialize: (message) => bufferOf(toBinary(output, message)),
    responseDeserialize: () => {
      throw new Error(`${input.typeName} is served here, not called`);
    },
  };
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
