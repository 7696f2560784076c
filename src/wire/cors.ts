import { cors as connect } from "@connectrpc/connect";
import fastifyCors, { type FastifyCorsOptions } from "@fastify/cors";
import type { FastifyInstance, FastifyRequest } from "fastify";

export interface CorsSettings {
  readonly origins: "*" | readonly string[];
  readonly maxAgeSeconds: number;
  /** Lets pages of the listed origins use the session cookie. */
  readonly credentials: boolean;
}

/** Lets pages of other origins read answers. Throws when every origin would be let in with its credentials. */
export function registerCors(app: FastifyInstance, settings: CorsSettings): void {
  const { origins, maxAgeSeconds, credentials } = settings;
  if (credentials && (origins === "*" || origins.includes("*"))) {
    throw new Error(
      'CORS with credentials needs a list of origins: with "*" any site could act for its visitors',
    );
  }
  const options: FastifyCorsOptions = {
    origin: origins === "*" ? "*" : [...origins],
    maxAge: maxAgeSeconds,
    credentials,
    methods: ["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD"],
    exposedHeaders: [
      "Total",
      "Page",
      "Per-Page",
      "Link",
      "Retry-After",
      "X-Request-Id",
      ...connect.exposedHeaders,
    ],
    // Stock gateways take 200 alone for a yes, also to the preflight they pass on.
    optionsSuccessStatus: 200,
  };
  const forPreflight = { ...options, preflight: true };
  const forOthers = { ...options, preflight: false };
  const isLetIn = ({ headers: { origin } }: FastifyRequest) =>
    origins === "*" || origin === undefined || origins.includes(origin);
  const choose = (
    request: FastifyRequest,
    done: (error: Error | null, chosen?: FastifyCorsOptions) => void,
  ) => {
    if (!isLetIn(request) || isForThisMachine(request)) done(null, CLOSED);
    else done(null, isPreflight(request) ? forPreflight : forOthers);
  };
  app.register(fastifyCors, () => choose);
}

const CLOSED: FastifyCorsOptions = { origin: false };

/** Pages of development show tokens: they are for whoever sits at the machine, not for pages of other sites. */
const isForThisMachine = ({ url }: FastifyRequest): boolean => /^\/+dev(?:\/|$|\?)/.test(url);

/** An OPTIONS request of another kind is a question to the route. */
const isPreflight = ({ method, headers }: FastifyRequest): boolean =>
  method === "OPTIONS" &&
  headers.origin !== undefined &&
  headers["access-control-request-method"] !== undefined;
