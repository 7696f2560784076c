import { cors as connect } from "@connectrpc/connect";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

export interface CorsSettings {
  readonly origins: "*" | readonly string[];
  readonly maxAgeSeconds: number;
  /** Lets pages of the listed origins use the session cookie. */
  readonly credentials: boolean;
}

const METHODS = "GET, POST, DELETE, PUT, PATCH, OPTIONS, HEAD";
const EXPOSED = [
  "Total",
  "Page",
  "Per-Page",
  "Link",
  "Retry-After",
  "X-Request-Id",
  ...connect.exposedHeaders,
].join(", ");

/**
 * Lets pages of other origins read answers. Throws when every origin would be let in with its credentials.
 *
 * By hand, because @fastify/cors works its options out anew for each request when a request has a say in them, which
 * took a sixth of a small call.
 */
export function registerCors(
  app: FastifyInstance,
  { origins, maxAgeSeconds, credentials }: CorsSettings,
): void {
  if (credentials && (origins === "*" || origins.includes("*"))) {
    throw new Error(
      'CORS with credentials needs a list of origins: with "*" any site could act for its visitors',
    );
  }
  const listed = new Set(origins === "*" ? [] : origins);

  const letIn = (origin: string, request: FastifyRequest, reply: FastifyReply): void => {
    reply.header("access-control-allow-origin", origins === "*" ? "*" : origin);
    if (credentials) reply.header("access-control-allow-credentials", "true");
    reply.header("access-control-expose-headers", EXPOSED);
    if (!isPreflight(request)) return;
    reply
      .header("access-control-allow-methods", METHODS)
      .header("access-control-max-age", String(maxAgeSeconds));
    const wanted = request.headers["access-control-request-headers"];
    if (wanted !== undefined) reply.header("access-control-allow-headers", wanted);
    // Stock gateways take 200 alone for a yes, also to the preflight they pass on.
    reply.code(200).send();
  };

  app.addHook("onRequest", (request, reply, done) => {
    const { origin } = request.headers;
    reply.header("vary", "Origin");
    const isLetIn =
      origin !== undefined && (origins === "*" || listed.has(origin)) && !isForThisMachine(request);
    if (isLetIn) letIn(origin, request, reply);
    if (!reply.sent) done();
  });
}

/** Pages of development show tokens: they are for whoever sits at the machine, not for pages of other sites. */
const isForThisMachine = ({ url }: FastifyRequest): boolean => /^\/+dev(?:\/|$|\?)/.test(url);

/** An OPTIONS request of another kind is a question to the route. */
const isPreflight = ({ method, headers }: FastifyRequest): boolean =>
  method === "OPTIONS" && headers["access-control-request-method"] !== undefined;
