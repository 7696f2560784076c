import { once } from "node:events";
import {
  create,
  createRegistry,
  type DescFile,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type Registry,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Server, ServerDuplexStream } from "@grpc/grpc-js";
import { Code } from "../../gen/google/rpc/code_pb.js";
import {
  ServerReflection,
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from "../../gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { definitionOf } from "./grpc-definition.js";

type Response = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"]>;

/** Lets tools such as grpcurl and `buf curl` ask what the server offers, in both versions of the protocol. */
export function addReflection(server: Server, services: readonly DescService[]): void {
  const answer = answersAbout([...services, ServerReflection, ServerReflectionAlpha]);
  // The messages of the two versions are alike on the wire.
  for (const { method } of [ServerReflection, ServerReflectionAlpha]) {
    const { name } = method.serverReflectionInfo;
    const definition = definitionOf(method.serverReflectionInfo);
    const responseSerialize = definitionOf(ServerReflection.method.serverReflectionInfo).responseSerialize;
    server.addService(
      { [name]: { ...definition, responseSerialize } },
      { [name]: (stream: ServerDuplexStream<Buffer, unknown>) => void converse(stream, answer) },
    );
  }
}

/** Questions on one stream; the largest tool that asks about everything needs one for each file and symbol. */
const MAX_QUESTIONS = 1000;

/** Responds to one question after the other: as long as the client does not read, nothing more is asked for. */
async function converse(
  stream: ServerDuplexStream<Buffer, unknown>,
  answer: (request: ServerReflectionRequest) => Response,
): Promise<void> {
  const gone = new AbortController();
  stream.once("cancelled", () => gone.abort());
  stream.once("close", () => gone.abort());
  let questions = 0;
  try {
    for await (const bytes of stream.iterator({ destroyOnReturn: false })) {
      questions += 1;
      if (questions > MAX_QUESTIONS)
        return end(stream, Code.RESOURCE_EXHAUSTED, "There are too many questions");
      const response = responseTo(bytes, answer);
      if (response === undefined) return end(stream, Code.INVALID_ARGUMENT, "The request is malformed");
      if (!stream.write(response)) await once(stream, "drain", { signal: gone.signal });
    }
    stream.end();
  } catch {
    // The client has gone.
    stream.destroy();
  }
}

function end(stream: ServerDuplexStream<Buffer, unknown>, code: Code, details: string): void {
  // When the questions are left: an error meanwhile would end them without a status.
  setImmediate(() => stream.emit("error", { code: Number(code), details }));
}

/** Undefined for bytes that are no question. */
function responseTo(bytes: Buffer, answer: (request: ServerReflectionRequest) => Response) {
  try {
    const originalRequest = fromBinary(ServerReflectionRequestSchema, bytes);
    const { host: validHost } = originalRequest;
    return create(ServerReflectionResponseSchema, {
      validHost,
      originalRequest,
      messageResponse: answer(originalRequest),
    });
  } catch {
    return undefined;
  }
}

function answersAbout(services: readonly DescService[]) {
  const files = withDependencies(services.map(({ file }) => file));
  // Written once: a question costs no more than a look-up.
  const responses = new Map([...files].map((file) => [file, fileResponse(file)]));
  const responseOf = (file: DescFile | undefined): Response => (file && responses.get(file)) ?? NO_FILE;
  const byName = new Map([...files].map((file) => [file.proto.name, file]));
  const registry = createRegistry(...files);
  return ({ messageRequest: asked }: ServerReflectionRequest): Response => {
    switch (asked.case) {
      case "listServices":
        return {
          case: "listServicesResponse",
          value: { service: services.map(({ typeName: name }) => ({ name })) },
        };
      case "fileByFilename":
        return responseOf(byName.get(asked.value));
      case "fileContainingSymbol":
        return responseOf(fileOfSymbol(registry, asked.value));
      case "fileContainingExtension":
        return responseOf(fileOfExtension(registry, asked.value.containingType, asked.value.extensionNumber));
      case "allExtensionNumbersOfType":
        return extensionNumbers(registry, asked.value);
      default:
        return errorResponse(Code.UNIMPLEMENTED, "This kind of question is not known");
    }
  };
}

/** A file and all it imports, the imported ones later; clients skip those they have. */
function fileResponse(file: DescFile): Response {
  const fileDescriptorProto = [...withDependencies([file])].map(bytesOf);
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto } };
}

const bytesByFile = new WeakMap<DescFile, Uint8Array>();

/** The same bytes in each response that has the file. */
function bytesOf(file: DescFile): Uint8Array {
  const bytes = bytesByFile.get(file) ?? toBinary(FileDescriptorProtoSchema, file.proto);
  bytesByFile.set(file, bytes);
  return bytes;
}

function errorResponse(errorCode: Code, errorMessage: string): Response {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}

const NO_FILE = errorResponse(Code.NOT_FOUND, "There is no such file or symbol");

/** A symbol is a type, or a member of one: a method, field or enum value. */
function fileOfSymbol(registry: Registry, symbol: string): DescFile | undefined {
  const found = registry.get(symbol) ?? registry.get(symbol.slice(0, Math.max(0, symbol.lastIndexOf("."))));
  return found?.file;
}

function fileOfExtension(registry: Registry, typeName: string, number: number): DescFile | undefined {
  const extendee = registry.getMessage(typeName);
  return extendee && registry.getExtensionFor(extendee, number)?.file;
}

function extensionNumbers(registry: Registry, baseTypeName: string): Response {
  if (!registry.getMessage(baseTypeName)) return errorResponse(Code.NOT_FOUND, "There is no such type");
  const extensionNumber = [...registry].flatMap((desc) =>
    desc.kind === "extension" && desc.extendee.typeName === baseTypeName ? [desc.number] : [],
  );
  return { case: "allExtensionNumbersResponse", value: { baseTypeName, extensionNumber } };
}

function withDependencies(files: readonly DescFile[], found = new Set<DescFile>()): ReadonlySet<DescFile> {
  for (const file of files) {
    if (found.has(file)) continue;
    found.add(file);
    withDependencies(file.dependencies, found);
  }
  return found;
}
