import type { FastifyRequest } from "fastify";
import type { Asked } from "../platform/call.js";
import type { ClientAddress } from "./client-address.js";
import { bodyWatchOf } from "./signed-bodies.js";

/** What an HTTP request asks for. */
export class HttpAsked implements Asked {
  constructor(
    private readonly request: FastifyRequest,
    private readonly clientAddress: ClientAddress,
  ) {}

  get verb(): string {
    return this.request.method;
  }

  get target(): string {
    return this.request.raw.url ?? "/";
  }

  get byTrustedProxy(): boolean {
    return this.clientAddress.isTrusted(this.peer);
  }

  clientBehind(forwardedFor: string): string {
    return this.clientAddress(this.peer, forwardedFor);
  }

  async bodySha256(): Promise<string | undefined> {
    return bodyWatchOf(this.request.raw)?.sha256();
  }

  private get peer(): string {
    return this.request.raw.socket?.remoteAddress ?? "";
  }
}
