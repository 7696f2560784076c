import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import type { Message } from "@bufbuild/protobuf";
import Fastify, { type FastifyInstance } from "fastify";
import { onTestFinished } from "vitest";
import type { RestMethod, TranscoderOptions } from "../../src/transcoding/options.js";
import type { RestCall } from "../../src/transcoding/rest-call.js";
import { transcoder } from "../../src/transcoding/transcoder.js";
import { InvalidFields } from "../../src/transcoding/violations.js";
import { methodsOf, registry, type TestMethod } from "./schema.js";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: unknown;
}

export interface Served {
  readonly app: FastifyInstance;
  readonly port: number;
  /** `headers` may be a flat list of names and values, to send a header twice. */
  send(
    method: string,
    path: string,
    more?: { headers?: Record<string, string> | string[]; body?: string | Buffer },
  ): Promise<Answer>;
}

export type TestRoute = TestMethod & {
  readonly invoke?: (call: RestCall) => Promise<Message> | AsyncIterable<Message>;
};

type Options = Omit<TranscoderOptions, "methods">;

/** A listening server for the routes; a route without `invoke` answers with the message it was sent. */
export async function serve(
  routes: TestRoute[],
  options: Options = {},
  prepare?: (app: FastifyInstance) => void | Promise<void>,
): Promise<Served> {
  const descriptors = methodsOf(...routes);
  const methods = descriptors.map((method, index): RestMethod => {
    const invoke = routes[index]?.invoke ?? echo;
    return { method, invoke };
  });
  const app = Fastify();
  await prepare?.(app);
  await app.register(transcoder({ methods, registry, ...options }));
  await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(async () => {
    app.server.closeAllConnections();
    await app.close();
  });
  const { port } = app.server.address() as AddressInfo;
  return { app, port, send: (method, path, more = {}) => exchange(port, method, path, more) };
}

/** Answers the request message; refuses it when a field is invalid. */
export async function echo(call: RestCall): Promise<Message> {
  const { message, violations } = await call.read();
  if (violations.length > 0) throw new InvalidFields(violations);
  return message;
}

function exchange(
  port: number,
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string> | string[]; body?: string | Buffer },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? [] : ["content-length", String(Buffer.byteLength(body))];
    const list = Array.isArray(headers) ? headers : Object.entries(headers).flat();
    const withHost = ["host", "localhost", ...list, ...length];
    const sent = httpRequest({ port, host: "127.0.0.1", method, path, headers: withHost });
    sent.on("error", reject);
    sent.on("response", (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(pieces).toString();
        const { statusCode: status = 0, headers: received } = response;
        resolve({ status, headers: received, text, json: parsed(text) });
      });
    });
    sent.end(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
