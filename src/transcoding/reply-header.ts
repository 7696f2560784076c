import { validateHeaderName, validateHeaderValue } from "node:http";
import type { FastifyReply } from "fastify";

/**
 * Headers of an answer that is still to come. As the platform's `Headers` but for reading, which nobody does, and which would cost a
 * small answer a twentieth of its time.
 */
export class ReplyHeader {
  private readonly values = new Map<string, readonly string[]>();

  /** Throws a TypeError for what cannot be a header. */
  set(name: string, value: string): void {
    this.values.set(asHeader(name, value), [value]);
  }

  append(name: string, value: string): void {
    const key = asHeader(name, value);
    this.values.set(key, [...(this.values.get(key) ?? []), value]);
  }

  copyTo(reply: FastifyReply): void {
    for (const [name, values] of this.values) {
      // Cookies do not make a list; Fastify adds them to each other, which it does with no other header.
      if (name === "set-cookie") for (const cookie of values) reply.header(name, cookie);
      else reply.header(name, values.join(", "));
    }
  }
}

function asHeader(name: string, value: string): string {
  validateHeaderName(name);
  validateHeaderValue(name, value);
  return name.toLowerCase();
}
