import type { DescMethod, Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { FastifyRequest } from "fastify";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import type { Asked, FileContent, Origin } from "../platform/call.js";
import type { RawRequest } from "../transcoding/body.js";
import type { RestCall } from "../transcoding/rest-call.js";
import type { ClientAddress } from "./client-address.js";
import { readMessage } from "./connect-message.js";
import { HttpAsked } from "./http-asked.js";
import { keepPace } from "./pace.js";
import { mostBytesOf } from "./request-bytes.js";
import type { ServedMethod } from "./services.js";
import type { Spool } from "./uploads.js";
import { type Ending, NO_VIOLATIONS, type ReadRequest, userAgentOf, WireCall } from "./wire-call.js";

declare module "fastify" {
  interface FastifyRequest {
    /** The call that the request has become, if any; for the log and for failures. */
    call: { readonly method: DescMethod; ending(): Ending | undefined } | null;
  }
}

/** What timers can count: 25 days. */
export const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** A call by REST. */
export class RestDoorCall extends WireCall {
  readonly door = "rest";
  private deadline: AbortSignal | undefined;
  private limits: AbortSignal | undefined;
  private from: Origin | undefined;
  private line: Asked | undefined;

  constructor(
    served: ServedMethod,
    private readonly rest: RestCall,
    private readonly clientAddress: ClientAddress,
    /** Where the files of a form are; absent when the method takes none. */
    private readonly spool?: Spool,
  ) {
    super(served);
  }

  get id(): string {
    return this.rest.rawRequest.id;
  }

  get requestHeader(): Headers {
    return this.rest.requestHeader;
  }

  get responseHeader(): RestCall["responseHeader"] {
    return this.rest.responseHeader;
  }

  get signal(): AbortSignal {
    if (this.limits) return this.limits;
    const { signal, timeoutMs } = this.rest;
    if (timeoutMs === undefined) this.limits = signal;
    else {
      this.deadline = AbortSignal.timeout(Math.min(timeoutMs, LONGEST_TIMEOUT_MS));
      this.limits = AbortSignal.any([signal, this.deadline]);
    }
    return this.limits;
  }

  get origin(): Origin {
    this.from ??= originOf(this.rest.rawRequest, this.clientAddress);
    return this.from;
  }

  get asked(): Asked {
    this.line ??= new HttpAsked(this.rest.rawRequest, this.clientAddress);
    return this.line;
  }

  read(): ReadRequest | Promise<ReadRequest> {
    // Not before it is known who sends the files: strangers have no more time than for any other request.
    if (this.spool) keepPace(this.rest.rawRequest.raw);
    return this.rest.read();
  }

  override contentOf(file: Message & { readonly data: Uint8Array }): FileContent | undefined {
    return this.spool?.has(file) ? this.spool.contentOf(file) : super.contentOf(file);
  }

  ending(): Ending | undefined {
    if (!this.limits?.aborted) return undefined;
    return this.deadline?.aborted ? ErrorReason.DEADLINE_EXCEEDED : ErrorReason.CANCELLED;
  }
}

/** A call by Connect or gRPC-Web. */
export class ConnectDoorCall extends WireCall {
  readonly door = "connect";
  private readonly mostBytes: number;
  private from: Origin | undefined;
  private line: Asked | undefined;

  constructor(
    served: ServedMethod,
    private readonly context: HandlerContext,
    private readonly request: FastifyRequest,
    private readonly clientAddress: ClientAddress,
  ) {
    super(served);
    this.mostBytes = mostBytesOf(served);
  }

  get id(): string {
    return this.request.id;
  }

  get requestHeader(): Headers {
    return this.context.requestHeader;
  }

  get responseHeader(): Headers {
    return this.context.responseHeader;
  }

  get signal(): AbortSignal {
    return this.context.signal;
  }

  get origin(): Origin {
    this.from ??= originOf(this.request, this.clientAddress);
    return this.from;
  }

  get asked(): Asked {
    this.line ??= new HttpAsked(this.request, this.clientAddress);
    return this.line;
  }

  async read(): Promise<ReadRequest> {
    const { method, mostBytes, requestHeader } = this;
    const message = await readMessage(this.request.raw as RawRequest, requestHeader, method, mostBytes);
    return { message, violations: NO_VIOLATIONS };
  }

  ending(): Ending | undefined {
    const { signal } = this.context;
    if (!signal.aborted) return undefined;
    const isLate = signal.reason instanceof ConnectError && signal.reason.code === Code.DeadlineExceeded;
    return isLate ? ErrorReason.DEADLINE_EXCEEDED : ErrorReason.CANCELLED;
  }
}

/** The client's address as far as trusted proxies tell it. */
export function addressOf({ raw }: FastifyRequest, clientAddress: ClientAddress): string {
  const forwardedFor = raw.headers["x-forwarded-for"];
  return clientAddress(
    raw.socket?.remoteAddress ?? "",
    Array.isArray(forwardedFor) ? forwardedFor.join() : forwardedFor,
  );
}

const originOf = (request: FastifyRequest, clientAddress: ClientAddress): Origin => ({
  ip: addressOf(request, clientAddress),
  userAgent: userAgentOf(request.raw.headers["user-agent"]),
});
