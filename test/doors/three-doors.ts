import { create, type DescMethodUnary, fromBinary, toBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { ConnectError, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { Client, credentials, Metadata, type StatusObject } from "@grpc/grpc-js";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { rest } from "../support/rest.js";

/** A call as every door can make it. */
export interface AnyDoorCall {
  /** Verb and path over REST, below /api/v2. */
  readonly rest: string;
  readonly method: DescMethodUnary;
  /** Fields of the request by their JSON names, texts all of them. */
  readonly fields: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** A way to call; answers the reasons of a refusal, none for a success. */
export type Door = (call: AnyDoorCall) => Promise<readonly string[]>;

export interface Addresses {
  readonly http: string;
  readonly grpc: string;
}

/** Every door of a running server. */
export const doorsOf = ({ http, grpc }: Addresses): Readonly<Record<string, Door>> => ({
  REST: (call) => byRest(http, call),
  Connect: (call) => byTransport(createConnectTransport({ baseUrl: http }), call),
  "gRPC-Web": (call) => byTransport(createGrpcWebTransport({ baseUrl: http }), call),
  gRPC: (call) => byGrpc(grpc, call),
});

async function byRest(http: string, call: AnyDoorCall): Promise<readonly string[]> {
  const [method = "", path = ""] = call.rest.split(" ");
  const json = method === "POST" ? { json: call.fields } : {};
  const { status, body } = await rest({ http }, method, path, { headers: call.headers, ...json });
  return status < 300 ? [] : (body as { errors: string[] }).errors;
}

async function byTransport(
  transport: Transport,
  { method, fields, headers }: AnyDoorCall,
): Promise<readonly string[]> {
  try {
    const camelCase = Object.entries(fields).map(([name, value]) => [localNameOf(method, name), value]);
    const request = create(method.input, Object.fromEntries(camelCase));
    await transport.unary(method, undefined, undefined, { ...headers }, request);
    return [];
  } catch (error) {
    return ConnectError.from(error)
      .findDetails(ErrorInfoSchema)
      .map(({ reason }) => reason);
  }
}

function byGrpc(address: string, { method, fields, headers }: AnyDoorCall): Promise<readonly string[]> {
  const client = new Client(address, credentials.createInsecure());
  const camelCase = Object.entries(fields).map(([name, value]) => [localNameOf(method, name), value]);
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return new Promise((resolve) => {
    const call = client.makeUnaryRequest(
      `/${method.parent.typeName}/${method.name}`,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      Buffer.from(toBinary(method.input, create(method.input, Object.fromEntries(camelCase)))),
      metadata,
      () => undefined,
    );
    call.on("status", ({ metadata: trailer }: StatusObject) => {
      client.close();
      resolve(reasonsIn(trailer));
    });
  });
}

function reasonsIn(trailer: Metadata): string[] {
  const [bytes] = trailer.get("grpc-status-details-bin");
  if (!(bytes instanceof Buffer)) return [];
  return fromBinary(StatusSchema, bytes).details.flatMap((detail) => {
    const info = anyUnpack(detail, ErrorInfoSchema);
    return info ? [info.reason] : [];
  });
}

const localNameOf = ({ input }: DescMethodUnary, name: string): string =>
  input.fields.find((field) => field.name === name)?.localName ?? name;
