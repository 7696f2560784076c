import { createHash } from "node:crypto";
import { isIPv4 } from "node:net";
import { fromBinary } from "@bufbuild/protobuf";
import { Metadata, type ServerUnaryCall, type ServerWritableStream } from "@grpc/grpc-js";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import type { Asked, Origin } from "../platform/call.js";
import { systemClock } from "../platform/clock.js";
import { Failure } from "../platform/failure.js";
import type { ClientAddress } from "./client-address.js";
import { headersOf, metadataOf } from "./grpc-metadata.js";
import { boundMessage } from "./message-bounds.js";
import { mostBytesOf } from "./request-bytes.js";
import { requestIdOf } from "./request-id.js";
import type { ServedMethod } from "./services.js";
import { type Ending, NO_VIOLATIONS, type ReadRequest, userAgentOf, WireCall } from "./wire-call.js";

/** What unary and streaming calls of grpc-js have in common; the request is still in its bytes. */
export type GrpcCall = ServerUnaryCall<Buffer, unknown> | ServerWritableStream<Buffer, unknown>;

/** A call by gRPC. */
export class GrpcDoorCall extends WireCall {
  readonly door = "grpc";
  readonly id: string;
  private readonly mostBytes: number;
  private sent: Headers | undefined;
  private answered: Headers | undefined;
  private controller: AbortController | undefined;
  private from: Origin | undefined;

  constructor(
    served: ServedMethod,
    private readonly call: GrpcCall,
    private readonly clientAddress: ClientAddress,
  ) {
    super(served);
    this.mostBytes = mostBytesOf(served);
    this.id = requestIdOf(textOf(call, "x-request-id"));
  }

  get requestHeader(): Headers {
    this.sent ??= headersOf(this.call.metadata);
    return this.sent;
  }

  get responseHeader(): Headers {
    this.answered ??= new Headers();
    return this.answered;
  }

  get signal(): AbortSignal {
    if (this.controller) return this.controller.signal;
    const controller = new AbortController();
    this.controller = controller;
    if (this.call.cancelled) controller.abort(callEnded);
    else this.call.once("cancelled", () => controller.abort(callEnded));
    return controller.signal;
  }

  get origin(): Origin {
    this.from ??= {
      ip: this.clientAddress(addressOf(this.call.getPeer()), textOf(this.call, "x-forwarded-for")),
      userAgent: userAgentOf(textOf(this.call, "user-agent")),
    };
    return this.from;
  }

  get asked(): Asked {
    const { call, clientAddress } = this;
    const peer = addressOf(call.getPeer());
    return {
      verb: "POST",
      target: call.getPath(),
      get: (name) => textOf(call, name) ?? null,
      byTrustedProxy: clientAddress.isTrusted(peer),
      clientBehind: (forwardedFor) => clientAddress(peer, forwardedFor),
      bodySha256: async () => createHash("sha256").update(call.request).digest("hex"),
    };
  }

  read(): ReadRequest {
    if (this.call.request.length > this.mostBytes) throw new Failure(ErrorReason.BODY_TOO_LARGE);
    boundMessage(this.method.input, this.call.request);
    try {
      return { message: fromBinary(this.method.input, this.call.request), violations: NO_VIOLATIONS };
    } catch (cause) {
      throw new Failure(ErrorReason.MALFORMED_BODY, { cause });
    }
  }

  ending(): Ending | undefined {
    const deadline = this.call.getDeadline();
    const time = deadline instanceof Date ? deadline.getTime() : deadline;
    if (time <= systemClock().getTime()) return ErrorReason.DEADLINE_EXCEEDED;
    return this.call.cancelled ? ErrorReason.CANCELLED : undefined;
  }

  /** Sends the headers set so far as initial metadata; they can be sent once. */
  sendHeader(): void {
    const metadata = this.answered ? metadataOf(this.answered) : new Metadata();
    metadata.set("x-request-id", this.id);
    this.call.sendMetadata(metadata);
  }
}

// A constant, because every new DOMException costs more than the rest of an abort.
const callEnded = new Error("the call ended before its answer");

function textOf({ metadata }: GrpcCall, name: string): string | undefined {
  const values = metadata.get(name);
  return values.length === 0 ? undefined : values.join();
}

/** The address of `203.0.113.7:4711`, `[2001:db8::7]:4711` or `2001:db8::7:4711`, as grpc-js writes peers. */
function addressOf(peer: string): string {
  const address = peer.slice(0, peer.lastIndexOf(":"));
  const bare = address.startsWith("[") ? address.slice(1, -1) : address;
  return isIPv4(bare) || bare.includes(":") ? bare : peer;
}
