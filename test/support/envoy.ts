import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, credentials } from "@grpc/grpc-js";
import { HeaderValueOption_HeaderAppendAction as Append } from "../../gen/envoy/config/core/v3/base_pb.js";
import {
  Authorization,
  type CheckRequest,
  CheckRequestSchema,
  type CheckResponse,
  CheckResponseSchema,
} from "../../gen/envoy/service/auth/v3/external_auth_pb.js";
import type { Started } from "./start-app.js";

/** A request as it comes to Envoy. */
export interface Arriving {
  readonly method?: string;
  readonly path: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Set in Envoy's configuration of the route. */
  readonly contextExtensions?: Readonly<Record<string, string>>;
  /** Address of who connected to Envoy. */
  readonly from?: string;
  /** Hands the headers on as a list and not as a map. */
  readonly asList?: boolean;
}

export interface EnvoyVerdict {
  readonly allowed: boolean;
  /** Headers that Envoy sets on the request to the service behind; of a refusal on the answer to the client. */
  readonly headers: Readonly<Record<string, string>>;
  readonly removed: readonly string[];
  readonly status?: number;
  readonly body?: unknown;
  readonly metadata?: unknown;
}

/** Asks over gRPC as Envoy's filter ext_authz does, by a plain client that knows the service's name and nothing of our code. */
export function envoyFilter(app: Started) {
  const client = new Client(app.grpc, credentials.createInsecure());
  const path = `/${Authorization.typeName}/Check`;
  return {
    close: () => client.close(),

    check: (request: CheckRequest): Promise<CheckResponse> =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          path,
          (message: CheckRequest) => Buffer.from(toBinary(CheckRequestSchema, message)),
          (bytes: Buffer) => fromBinary(CheckResponseSchema, bytes),
          request,
          (error, answer) => (answer ? resolve(answer) : reject(error)),
        );
      }),

    async ask(arriving: Arriving): Promise<EnvoyVerdict> {
      return verdictOf(await this.check(checkRequest(arriving)));
    },
  };
}

export function checkRequest({
  method = "GET",
  path,
  host = "www.example.com",
  headers = {},
  body,
  contextExtensions = {},
  from = "203.0.113.9",
  asList = false,
}: Arriving) {
  const all = { ":method": method, ":path": path, ":authority": host, ...headers };
  return create(CheckRequestSchema, {
    attributes: {
      contextExtensions: { ...contextExtensions },
      source: { address: { address: { case: "socketAddress", value: { address: from } } } },
      request: {
        http: {
          method,
          path,
          host,
          ...(asList
            ? { headerMap: { headers: Object.entries(all).map(([key, value]) => ({ key, value })) } }
            : { headers: all }),
          ...(body && { rawBody: body, size: BigInt(body.length) }),
        },
      },
    },
  });
}

function verdictOf({ status, httpResponse, dynamicMetadata }: CheckResponse): EnvoyVerdict {
  const allowed = status?.code === 0;
  const set = httpResponse.value?.headers ?? [];
  for (const { appendAction, append } of set) {
    // Anything else would let what the client has sent stand beside it.
    if (appendAction !== Append.OVERWRITE_IF_EXISTS_OR_ADD || append)
      throw new Error("a header is not overwritten");
  }
  const headers = Object.fromEntries(set.map(({ header }) => [header?.key ?? "", header?.value ?? ""]));
  const metadata = dynamicMetadata && { metadata: dynamicMetadata };
  if (httpResponse.case === "deniedResponse") {
    if (allowed) throw new Error("denied, and allowed");
    const { status: http, body } = httpResponse.value;
    return { allowed, headers, removed: [], status: http?.code ?? 0, body: JSON.parse(body), ...metadata };
  }
  return { allowed, headers, removed: httpResponse.value?.headersToRemove ?? [], ...metadata };
}
