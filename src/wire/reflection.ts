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
      { [name]: (stream: ServerDuplexStream<Buffer, unknown>) => converse(stream, answer) },
    );
  }
}

function converse(
  stream: ServerDuplexStream<Buffer, unknown>,
  answer: (request: ServerReflectionRequest) => Response,
): void {
  stream.on("data", (bytes: Buffer) => {
    try {
      const originalRequest = fromBinary(ServerReflectionRequestSchema, bytes);
      const { host: validHost } = originalRequest;
      const messageResponse = answer(originalRequest);
      stream.write(create(ServerReflectionResponseSchema, { validHost, originalRequest, messageResponse }));
    } catch {
      stream.emit("error", { code: Number(Code.INVALID_ARGUMENT), details: "The request is malformed" });
    }
  });
  stream.on("end", () => stream.end());
}

function answersAbout(services: readonly DescService[]) {
  const files = withDependencies(services.map(({ file }) => file));
  const registry = createRegistry(...files);
  return ({ messageRequest: asked }: ServerReflectionRequest): Response => {
    switch (asked.case) {
      case "listServices":
        return {
          case: "listServicesResponse",
          value: { service: services.map(({ typeName: name }) => ({ name })) },
        };
      case "fileByFilename":
        return fileResponse([...files].find(({ proto }) => proto.name === asked.value));
      case "fileContainingSymbol":
        return fileResponse(fileOfSymbol(registry, asked.value));
      case "fileContainingExtension":
        return fileResponse(
          fileOfExtension(registry, asked.value.containingType, asked.value.extensionNumber),
        );
      case "allExtensionNumbersOfType":
        return extensionNumbers(registry, asked.value);
      default:
        return errorResponse(Code.UNIMPLEMENTED, "This kind of question is not known");
    }
  };
}

/** A file and all it imports, the imported ones later; clients skip those they have. */
function fileResponse(file: DescFile | undefined): Response {
  if (!file) return errorResponse(Code.NOT_FOUND, "There is no such file or symbol");
  const fileDescriptorProto = [...withDependencies([file])].map(bytesOf);
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto } };
}

const bytesOf = ({ proto }: DescFile): Uint8Array => toBinary(FileDescriptorProtoSchema, proto);

function errorResponse(errorCode: Code, errorMessage: string): Response {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}

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
