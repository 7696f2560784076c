import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Server } from "@grpc/grpc-js";
import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import type { Logger } from "../platform/logger.js";
import { createAnswers, type Translator } from "./answers.js";
import { clientAddressBehind } from "./client-address.js";
import type { CorsSettings } from "./cors.js";
import { createGrpcServer, credentialsOf } from "./grpc.js";
import { type GrpcLimits, limitConnections } from "./grpc-limits.js";
import { guard, type Steps } from "./guard.js";
import { healthService } from "./health.js";
import { createHttpHost, type Tls } from "./http.js";
import { closerOf } from "./http-close.js";
import { countNoMalformedRequests, limitMalformedRequests } from "./malformed-requests.js";
import { addReflection } from "./reflection.js";
import type { Served } from "./served.js";
import { compileServices } from "./services.js";

export interface DoorSettings {
  /** Address that both listeners bind to. */
  readonly host: string;
  /** 0 picks a free one. */
  readonly httpPort: number;
  readonly grpcPort: number;
  /** The site is reached by https, whoever terminates it. */
  readonly https: boolean;
  readonly cors: CorsSettings;
  /** Addresses or CIDR ranges whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** How long calls in flight may take to end when the server goes down. */
  readonly shutdownSeconds: number;
  /** Bounds of connections and requests at the gRPC listener. */
  readonly grpcLimits: GrpcLimits;
  /** Whether tools may ask over gRPC what the server offers. */
  readonly grpcReflection: boolean;
  /** Whether clients are limited in what they may try. */
  readonly rateLimits: boolean;
  /** How long a reader of a stream may leave a message untaken; a minute unless given. */
  readonly slowReaderMs?: number;
  /** Encrypts both listeners. */
  readonly tls?: Tls;
}

export interface DoorNeeds {
  readonly settings: DoorSettings;
  readonly services: readonly Served[];
  readonly steps: Steps;
  /** Turns errors of the database and the like into refusals. */
  readonly translate: Translator;
  /** Whether calls can be served at present. */
  readonly ready: () => boolean | Promise<boolean>;
  readonly logger: Logger;
  /** More HTTP routes, for development. */
  readonly extra?: FastifyPluginAsync;
}

export interface Doors {
  readonly httpPort: number;
  readonly grpcPort: number;
  /** Takes no more calls, lets those in flight end, and ends by force those that take longer than `shutdownSeconds`. */
  close(): Promise<void>;
}

/** Opens REST, Connect, gRPC-Web and gRPC. Throws IncompleteServices, or an error of one line when a port is taken. */
export async function openDoors(needs: DoorNeeds): Promise<Doors> {
  const { settings } = needs;
  const ends: Ends = { draining: new AbortController(), shutdown: new AbortController() };
  const hosts = await createHosts(needs, ends);
  let closing: Promise<void> | undefined;
  try {
    const httpPort = await listenHttp(hosts.http, settings);
    const grpcPort = await listenGrpc(hosts.grpc, settings);
    limitConnections(hosts.grpc, settings.grpcLimits, clientAddressBehind(settings.trustedProxies));
    return {
      httpPort,
      grpcPort,
      close() {
        closing ??= closeHosts(hosts, ends, settings.shutdownSeconds);
        return closing;
      },
    };
  } catch (error) {
    await hosts.http.close();
    hosts.grpc.forceShutdown();
    throw error;
  }
}

/** Throws when a port is taken: to be asked before anything is written that the failing start would leave behind. */
export async function refuseBusyPorts({ host, httpPort, grpcPort }: DoorSettings): Promise<void> {
  await tryPort("HTTP_PORT", host, httpPort);
  await tryPort("GRPC_PORT", host, grpcPort);
}

function tryPort(setting: string, host: string, port: number): Promise<void> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(listenFailure(setting, host, port, error)));
    server.listen({ host, port }, () => server.close(() => resolve()));
  });
}

interface Ends {
  /** Aborted when no more calls are taken. */
  readonly draining: AbortController;
  /** Aborted when calls in flight have to end. */
  readonly shutdown: AbortController;
}

interface Hosts {
  readonly http: FastifyInstance;
  readonly closeHttp: () => Promise<void>;
  readonly grpc: Server;
}

async function createHosts(needs: DoorNeeds, { draining, shutdown }: Ends): Promise<Hosts> {
  const { settings, logger, ready } = needs;
  const names = needs.services.map(({ service }) => service.typeName);
  const health = healthService({ services: names, ready, draining: draining.signal });
  const services = [...needs.services, health];
  const malformed = settings.rateLimits ? limitMalformedRequests() : countNoMalformedRequests;
  const methods = compileServices(services).map((method) =>
    guard(method, { ...needs, malformed, slowReaderMs: settings.slowReaderMs }),
  );
  const common = {
    answerTo: createAnswers(needs.translate, logger),
    clientAddress: clientAddressBehind(settings.trustedProxies),
    logger,
  };
  const http = await createHttpHost({
    ...common,
    methods: methods.filter(({ served }) => served.offer === "every door"),
    cors: settings.cors,
    https: settings.https,
    tls: settings.tls,
    ready,
    draining: () => draining.signal.aborted,
    shutdown: shutdown.signal,
    extra: needs.extra,
  });
  const grpc = createGrpcServer({ ...common, methods, limits: settings.grpcLimits });
  const described = services.map(({ service }) => service);
  if (settings.grpcReflection) addReflection(grpc, described);
  return { http, closeHttp: closerOf(http), grpc };
}

/** Lets calls in flight end, for as long as the grace lasts. */
async function closeHosts(hosts: Hosts, { draining, shutdown }: Ends, graceSeconds: number): Promise<void> {
  const { http, closeHttp, grpc } = hosts;
  draining.abort(goingDown);
  const closed = Promise.all([closeHttp(), closeGrpc(grpc)]).then(() => "closed" as const);
  const patience = new AbortController();
  const { signal } = patience;
  try {
    if ((await Promise.race([closed, pause(graceSeconds * 1000, "late" as const, { signal })])) === "closed")
      return;
    shutdown.abort(goingDown);
    http.server.closeAllConnections();
    grpc.forceShutdown();
    // A client that is frozen never answers the last word on its connection; nobody waits for it.
    await Promise.race([closed, pause(FORCED_MS, undefined, { signal })]);
  } finally {
    patience.abort();
  }
}

/** How long cut connections may take to be gone. */
const FORCED_MS = 500;

// Connect tells its clients in these words when their calls are cut.
const goingDown = new ConnectError("the server is going down", Code.Unavailable);

async function listenHttp(http: FastifyInstance, { host, httpPort: port }: DoorSettings): Promise<number> {
  try {
    await http.listen({ host, port });
  } catch (error) {
    throw listenFailure("HTTP_PORT", host, port, error);
  }
  const address = http.server.address();
  return typeof address === "object" && address ? address.port : port;
}

function listenGrpc(grpc: Server, { host, grpcPort: port, tls }: DoorSettings): Promise<number> {
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    grpc.bindAsync(address, credentialsOf(tls), (error, bound) => {
      if (error) reject(listenFailure("GRPC_PORT", host, port, error));
      else resolve(bound);
    });
  });
}

function listenFailure(setting: string, host: string, port: number, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error);
  const isTaken = reason.includes("EADDRINUSE");
  const why = isTaken ? "another program listens there; stop it or choose another port" : reason;
  return new Error(`cannot listen on ${host}:${port} (${setting}): ${why}`, { cause: error });
}

const closeGrpc = (grpc: Server): Promise<void> =>
  new Promise((resolve) => {
    grpc.tryShutdown((error) => {
      // It was shut down by force meanwhile, so it is down as well.
      if (error) grpc.forceShutdown();
      resolve();
    });
  });
