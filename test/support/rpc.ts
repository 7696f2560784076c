import type { DescService } from "@bufbuild/protobuf";
import { type Client, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import type { Started } from "./start-app.js";

export const rpcDoors = ["Connect", "gRPC"] as const;

/** A generated client that comes through one of the RPC doors with these headers. */
export function rpcClient<S extends DescService>(
  app: Started,
  door: (typeof rpcDoors)[number],
  service: S,
  headers: Readonly<Record<string, string>>,
): Client<S> {
  const transport: Transport =
    door === "Connect"
      ? createConnectTransport({ baseUrl: app.http, httpVersion: "1.1", interceptors: [sending(headers)] })
      : createGrpcTransport({ baseUrl: `http://${app.grpc}`, interceptors: [sending(headers)] });
  return createClient(service, transport);
}

/** The reasons for which an RPC was refused; none when it was not. */
export async function reasonsOf(answer: Promise<unknown>): Promise<readonly string[]> {
  try {
    await answer;
    return [];
  } catch (error) {
    return ConnectError.from(error)
      .findDetails(ErrorInfoSchema)
      .map(({ reason }) => reason);
  }
}

const sending = (headers: Readonly<Record<string, string>>) => {
  return <Request extends { readonly header: Headers }, Answer>(next: (request: Request) => Answer) =>
    (request: Request): Answer => {
      for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
      return next(request);
    };
};
