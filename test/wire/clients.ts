import { type DescMethod, type DescService, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import * as grpc from "@grpc/grpc-js";
import { onTestFinished } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";

export const connectTransport = (baseUrl: string): Transport =>
  createConnectTransport({ baseUrl, useBinaryFormat: false });
export const grpcWebTransport = (baseUrl: string): Transport => createGrpcWebTransport({ baseUrl });

export const clientOf = <S extends DescService>(service: S, transport: Transport): Client<S> =>
  createClient(service, transport);

export interface GrpcAnswer {
  readonly message: Message | undefined;
  readonly code: number;
  readonly details: string;
  /** Initial metadata. */
  readonly header: grpc.Metadata;
  /** Of google.rpc.ErrorInfo, in the trailer. */
  readonly reasons: readonly string[];
}

interface GrpcOptions {
  readonly headers?: Record<string, string>;
  readonly deadlineMs?: number;
  /** Sent instead of the request. */
  readonly bytes?: Uint8Array;
}

/** A client of grpc-js; closed when the test ends. */
export function grpcClient(port: number) {
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  onTestFinished(() => client.close());
  return {
    client,
    call<M extends DescMethod>(method: M, request: Message, options: GrpcOptions = {}): Promise<GrpcAnswer> {
      return new Promise((resolve) => {
        const metadata = new grpc.Metadata();
        for (const [name, value] of Object.entries(options.headers ?? {})) metadata.set(name, value);
        let header = new grpc.Metadata();
        let message: Message | undefined;
        const call = client.makeUnaryRequest(
          pathOf(method),
          (bytes: Buffer) => bytes,
          (bytes: Buffer) => bytes,
          Buffer.from(options.bytes ?? toBinary(method.input, request)),
          metadata,
          options.deadlineMs === undefined
            ? {}
            : { deadline: performance.timeOrigin + performance.now() + options.deadlineMs },
          (_error, bytes) => {
            if (bytes) message = fromBinary(method.output, bytes);
          },
        );
        call.on("metadata", (initial: grpc.Metadata) => {
          header = initial;
        });
        call.on("status", ({ code, details, metadata: trailer }: grpc.StatusObject) => {
          resolve({ message, code, details, header, reasons: reasonsOf(trailer) });
        });
      });
    },
  };
}

export const pathOf = (method: DescMethod): string => `/${method.parent.typeName}/${method.name}`;

function reasonsOf(trailer: grpc.Metadata): string[] {
  const [bytes] = trailer.get("grpc-status-details-bin");
  if (!(bytes instanceof Buffer)) return [];
  return fromBinary(StatusSchema, bytes).details.flatMap((detail) => {
    const info = anyUnpack(detail, ErrorInfoSchema);
    return info ? [info.reason] : [];
  });
}
