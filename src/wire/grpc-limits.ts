import { constants, type ServerHttp2Stream } from "node:http2";
import type { Server as NetServer, Socket } from "node:net";
import {
  type Server,
  ServerInterceptingCall,
  type ServerInterceptor,
  type StatusObject,
} from "@grpc/grpc-js";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { Code } from "../../gen/google/rpc/code_pb.js";
import { Failure } from "../platform/failure.js";
import { networkOf } from "../platform/network.js";
import type { ClientAddress } from "./client-address.js";
import { MOST_BODY_BYTES } from "./request-bytes.js";

export interface GrpcLimits {
  readonly connectionsPerClient: number;
  readonly streamsPerConnection: number;
  /** How long a client may take to send a request. */
  readonly requestTimeoutSeconds: number;
  readonly connectionIdleSeconds: number;
  readonly connectionAgeSeconds: number;
}

/** The options of grpc-js that these limits mean. */
export const channelOptions = (limits: GrpcLimits) => ({
  "grpc.max_concurrent_streams": limits.streamsPerConnection,
  "grpc.max_connection_idle_ms": limits.connectionIdleSeconds * 1000,
  // The client is asked to connect anew; streams that are open go on.
  "grpc.max_connection_age_ms": limits.connectionAgeSeconds * 1000,
});

export interface ReceiveDeps {
  readonly limits: GrpcLimits;
  /** The largest request of the method at a path, such as `/barong.identity.v1.UserService/CreateUser`. */
  maxBytesOf(path: string): number;
  /** The status of a failure, with its reason as a detail. */
  statusOf(failure: Failure): Pick<StatusObject, "code" | "details" | "metadata">;
}

/**
 * What the library has of a call while its request arrives. It knows one length for all methods, and no time.
 * These members are its own: a test fails when another version has others.
 */
interface ReceivingCall {
  maxReceiveMessageSize: number;
  readonly decoder: { maxReadMessageLength: number };
  readonly stream: ServerHttp2Stream;
  sendStatus(status: Partial<StatusObject>): void;
}

/** How long the status of a refused request may take to leave. */
const LAST_WORD_MS = 1000;

/** Bounds a request while it arrives: its length by the method, and the time it may take. */
export function receiveLimits({ limits, maxBytesOf, statusOf }: ReceiveDeps): ServerInterceptor {
  return (method, call) => {
    const receiving = call as unknown as ReceivingCall;
    const maxBytes = maxBytesOf(method.path);
    receiving.decoder.maxReadMessageLength = maxBytes;
    // The library decompresses before anybody is asked who they are, so a compressed request has the length of one by a stranger.
    receiving.maxReceiveMessageSize = Math.min(maxBytes, MOST_BODY_BYTES);

    const sendStatus = receiving.sendStatus.bind(receiving);
    let isRefused = false;
    const refuse = (reason: ErrorReason) => {
      if (isRefused) return;
      isRefused = true;
      sendStatus(statusOf(new Failure(reason)));
      // What the client goes on to send is not read; it has a moment to read why.
      setTimeout(() => receiving.stream.close(constants.NGHTTP2_NO_ERROR), LAST_WORD_MS).unref();
    };
    receiving.sendStatus = (status) => {
      const isOfLibrary = status.code === Number(Code.RESOURCE_EXHAUSTED) && !hasDetails(status);
      if (isOfLibrary) refuse(ErrorReason.BODY_TOO_LARGE);
      else sendStatus(status);
    };

    const timer = setTimeout(
      () => refuse(ErrorReason.DEADLINE_EXCEEDED),
      limits.requestTimeoutSeconds * 1000,
    );
    receiving.stream.once("close", () => clearTimeout(timer));

    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveHalfClose(done) {
            clearTimeout(timer);
            done();
          },
        }),
    });
  };
}

const hasDetails = ({ metadata }: Partial<StatusObject>): boolean =>
  metadata !== undefined && metadata.get("grpc-status-details-bin").length > 0;

/** The servers beneath, which the library keeps to itself. */
interface WithHttp2Servers {
  readonly http2Servers: ReadonlyMap<NetServer, unknown>;
}

/**
 * Closes connections of a client network beyond a number, as soon as they are made. Trusted proxies speak for many clients and have no such
 * bound. Call when the server listens.
 */
export function limitConnections(
  grpc: Server,
  { connectionsPerClient }: GrpcLimits,
  clientAddress: ClientAddress,
) {
  const open = new Map<string, number>();
  const admit = (socket: Socket): void => {
    const peer = socket.remoteAddress ?? "";
    if (clientAddress.isTrusted(peer)) return;
    const client = networkOf(clientAddress(peer, undefined));
    const count = open.get(client) ?? 0;
    if (count >= connectionsPerClient) {
      socket.destroy();
      return;
    }
    open.set(client, count + 1);
    socket.once("close", () => {
      const left = (open.get(client) ?? 1) - 1;
      if (left === 0) open.delete(client);
      else open.set(client, left);
    });
  };
  for (const server of (grpc as unknown as WithHttp2Servers).http2Servers.keys())
    server.prependListener("connection", admit);
}
