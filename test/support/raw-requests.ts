import { gzipSync } from "node:zlib";
import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { errorFromJsonBytes } from "@connectrpc/connect/protocol-connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { trailerFlag, trailerParse } from "@connectrpc/connect/protocol-grpc-web";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { frame, sendFrames } from "./grpc-frames.js";

/** The bytes of a request, as no client library would send them. */
export interface RawRequest {
  /** Below the HTTP address, for REST. */
  readonly rest: string;
  /** Of the method, for RPC. */
  readonly rpc: string;
  readonly proto: Uint8Array;
  readonly json: Uint8Array;
  /** Compresses what is sent; what it returns need not be gzip. */
  readonly gzip?: (bytes: Uint8Array) => Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Addresses {
  readonly http: string;
  readonly grpc: string;
}

type Send = (to: Addresses, request: RawRequest) => Promise<readonly string[]>;

/** Every way to send a request; each returns the reasons of a refusal. */
export const rawTransports: Readonly<Record<string, Send>> = {
  REST: (to, { rest, json, gzip, headers }) =>
    byHttp(`${to.http}/api/v2${rest}`, "application/json", json, "content-encoding", gzip, headers),
  "Connect with messages": (to, { rpc, proto, gzip, headers }) =>
    byHttp(to.http + rpc, "application/proto", proto, "content-encoding", gzip, headers),
  "Connect with JSON": (to, { rpc, json, gzip, headers }) =>
    byHttp(to.http + rpc, "application/json", json, "content-encoding", gzip, headers),
  "gRPC-Web with messages": (to, { rpc, proto, gzip, headers }) => {
    const type = "application/grpc-web+proto";
    return byHttp(to.http + rpc, type, framed(proto, gzip), "grpc-encoding", gzip && asIs, headers);
  },
  "gRPC-Web with JSON": (to, { rpc, json, gzip, headers }) => {
    const type = "application/grpc-web+json";
    return byHttp(to.http + rpc, type, framed(json, gzip), "grpc-encoding", gzip && asIs, headers);
  },
  gRPC: async (to, { rpc, proto, gzip, headers }) => {
    const encoding = gzip ? { "grpc-encoding": "gzip" } : {};
    return (await sendFrames(to.grpc, rpc, framed(proto, gzip), { ...headers, ...encoding })).reasons;
  },
};

const asIs = (bytes: Uint8Array) => bytes;

const framed = (message: Uint8Array, gzip: RawRequest["gzip"]): Buffer =>
  gzip ? frame(gzip(message), { flags: 1 }) : frame(message);

async function byHttp(
  url: string,
  type: string,
  bytes: Uint8Array,
  encodingHeader: string,
  gzip: RawRequest["gzip"],
  headers: RawRequest["headers"],
): Promise<readonly string[]> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": type, ...(gzip && { [encodingHeader]: "gzip" }), ...headers },
    body: Buffer.from(gzip ? gzip(bytes) : bytes),
  });
  return reasonsIn(response.headers.get("content-type") ?? "", Buffer.from(await response.arrayBuffer()));
}

/** The reasons in the body of a response over REST, Connect or gRPC-Web. */
export function reasonsIn(type: string, body: Buffer): readonly string[] {
  if (type.startsWith("application/grpc-web")) {
    return body[0] === trailerFlag ? reasonsOf(findTrailerError(trailerParse(body.subarray(5)))) : [];
  }
  const json: unknown = JSON.parse(body.toString());
  if (typeof json === "object" && json !== null && "errors" in json) return json.errors as string[];
  return reasonsOf(errorFromJsonBytes(body, undefined, new ConnectError("none", Code.Unknown)));
}

const reasonsOf = (error: ConnectError | undefined): readonly string[] =>
  (error?.details ?? []).flatMap((detail) =>
    "type" in detail && detail.type === ErrorInfoSchema.typeName
      ? [fromBinary(ErrorInfoSchema, detail.value).reason]
      : [],
  );

export const asGzip = (bytes: Uint8Array): Uint8Array => gzipSync(bytes);
/** Says that it is gzip, and is not. */
export const asFalseGzip = (): Uint8Array => Buffer.alloc(15_000, "x");
