import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type DecodedRequest, decodeRequest } from "./decode.js";
import type { DecodePolicy, Incoming } from "./incoming.js";
import type { TranscoderOptions } from "./options.js";
import { ReplyHeader } from "./reply-header.js";
import type { RestCall } from "./rest-call.js";
import { parseTimeout } from "./timeout.js";
import { decodeStream } from "./upload.js";

// A constant, because every new DOMException costs more than the rest of an abort.
const clientLeft = new Error("the client went away");

/** Makes headers, signal and message only when somebody asks for them. */
export class LazyCall implements RestCall {
  readonly timeoutMs: number | undefined;
  private decoded: DecodedRequest | Promise<DecodedRequest> | undefined;
  private sentHeader: Headers | undefined;
  private replyHeader: ReplyHeader | undefined;
  private controller: AbortController | undefined;

  constructor(
    readonly rawRequest: FastifyRequest,
    private readonly reply: FastifyReply,
    private readonly incoming: Incoming,
    private readonly policy: DecodePolicy,
    private readonly receiveFile: TranscoderOptions["receiveFile"],
  ) {
    const timeout = incoming.raw.headers["grpc-timeout"];
    this.timeoutMs = timeout === undefined ? undefined : parseTimeout(String(timeout));
  }

  get method(): DescMethod {
    return this.incoming.binding.method;
  }

  get requestHeader(): Headers {
    this.sentHeader ??= headersOf(this.incoming.raw.rawHeaders);
    return this.sentHeader;
  }

  get responseHeader(): ReplyHeader {
    this.replyHeader ??= new ReplyHeader();
    return this.replyHeader;
  }

  get signal(): AbortSignal {
    if (this.controller !== undefined) return this.controller.signal;
    const controller = new AbortController();
    this.controller = controller;
    const response = this.reply.raw;
    const abort = () => {
      if (!response.writableFinished) controller.abort(clientLeft);
    };
    if (response.destroyed) abort();
    else response.once("close", abort);
    return controller.signal;
  }

  read(): DecodedRequest | Promise<DecodedRequest> {
    this.decoded ??= decodeRequest(this.incoming, this.policy, (file) =>
      this.receiveFile?.({ ...file, call: this }),
    );
    return this.decoded;
  }

  readStream(): AsyncIterable<Message> {
    return decodeStream(this.incoming, this.policy);
  }

  /** Hands the headers set so far to the reply. */
  copyHeaders(): void {
    if (this.replyHeader === undefined || this.reply.raw.headersSent) return;
    this.replyHeader.copyTo(this.reply);
    this.replyHeader = undefined;
  }
}

function headersOf(rawHeaders: readonly string[]): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    // HTTP/2 lists its pseudo headers too.
    if (!name.startsWith(":")) headers.append(name, rawHeaders[at + 1] ?? "");
  }
  return headers;
}
