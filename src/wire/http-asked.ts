import type { FastifyRequest } from "fastify";
import type { Asked } from "../platform/call.js";
import { mayHaveBody } from "../transcoding/body.js";
import type { ClientAddress } from "./client-address.js";
import { bodyWatchOf, SHA256_OF_NOTHING } from "./signed-bodies.js";

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

  get(name: string): string | null {
    const value = this.request.raw.headers[name];
    return Array.isArray(value) ? value.join(", ") : (value ?? null);
  }

  get byTrustedProxy(): boolean {
    return this.clientAddress.isTrusted(this.peer);
  }

  clientBehind(forwardedFor: string): string {
    return this.clientAddress(this.peer, forwardedFor);
  }

  async bodySha256(): Promise<string | undefined> {
    const { raw } = this.request;
    return bodyWatchOf(raw)?.sha256() ?? (mayHaveBody(raw) ? undefined : SHA256_OF_NOTHING);
  }

  private get peer(): string {
    return this.request.raw.socket?.remoteAddress ?? "";
  }
}
