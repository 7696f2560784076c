/** The gateway's question: may this request pass, and as whom. */
import { create } from "@bufbuild/protobuf";
import { Authorization, CheckRequestSchema } from "../gen/envoy/service/auth/v3/external_auth_pb.js";
import { signatureBy } from "../src/features/api-keys/signature.js";
import { systemClock } from "../src/platform/clock.js";
import { sha256Hex } from "../src/platform/secrets.js";
import type { LatencyCase } from "./latency.js";
import { grpcLoad } from "./load/grpc.js";
import { type HttpCall, httpLoad } from "./load/http.js";
import type { Load } from "./load/load.js";
import type { Product } from "./product.js";
import type { Case } from "./rounds.js";
import { cookieOf, type SeededKey, someOf } from "./seeds.js";

/** A server of which is asked, and an API key in its database. */
export interface Judge {
  readonly server: Product;
  readonly key: SeededKey;
}

/** Servers on MySQL. */
export interface Judges extends Judge {
  /** The same without a cache, on the same database. */
  readonly uncached: Product;
  /** One without a cache, with many accounts and sessions. */
  readonly large: Product;
  readonly sizes: Sizes;
}

/** How many accounts and sessions there are. */
export interface Sizes {
  readonly small: number;
  readonly large: number;
}

/** What the client asks the gateway for. */
const TARGET = "/api/v2/orders?market=btcusd";

/** A prime number, which leads through every count of sessions. */
const STRIDE = 7919;

const sessionName = (database: string): string => `${database}: session, warm`;
const keyName = (database: string): string => `${database}: API key, a signature each`;
const UNCACHED = "MySQL: session, cache off";
const written = (count: number): string => count.toLocaleString("en").replaceAll(",", " ");
const sizeName = (count: number): string => `MySQL: one of ${written(count)} sessions, cache off`;

/** The same questions for each database. */
export async function judgeCases(database: string, { server, key }: Judge): Promise<Case[]> {
  return [
    { name: sessionName(database), server, load: httpLoad(bySession(server)), aim: 0.35 },
    { name: keyName(database), server, load: httpLoad(byKey(server, key)), aim: 0.15 },
    { name: `${database}: session over gRPC, warm`, server, load: await byEnvoy(server), aim: 0.3 },
  ];
}

/** Where more than one server is needed. */
export function sizeCases({ uncached, large, sizes }: Judges): Case[] {
  // As many in both, so that nothing but the size of the tables is different.
  const few = someOf(sizes.small, sizes.small);
  const some = someOf(sizes.large, sizes.small);
  const others = othersThan(some, sizes.large);
  return [
    { name: UNCACHED, server: uncached, load: httpLoad(bySession(uncached)), aim: 0.15 },
    { name: sizeName(sizes.small), server: uncached, load: byTurns(uncached, few) },
    { name: sizeName(sizes.large), server: large, load: byTurns(large, some) },
    { name: "MySQL: session not seen before", server: large, load: httpLoad(byEach(large, others)) },
  ];
}

/** Both answer how far the size of the tables matters. */
export const flatnessOf = ({ small, large }: Sizes) => ({
  title: `${written(large)} accounts and sessions instead of ${written(small)}`,
  more: sizeName(large),
  less: sizeName(small),
});

export const latencyCases = ({ server, uncached, key }: Judges): LatencyCase[] => [
  { name: sessionName("MySQL"), call: bySession(server) },
  { name: UNCACHED, call: bySession(uncached) },
  { name: keyName("MySQL"), call: byKey(server, key) },
];

const urlOf = ({ http }: Product): string => `http://127.0.0.1:${http}/api/v2/auth${TARGET}`;

const bySession = (server: Product): HttpCall => ({ url: urlOf(server), headers: { cookie: server.cookie } });

const byEach = (server: Product, nextSession: () => number): HttpCall => ({
  url: urlOf(server),
  nextHeaders: () => ({ cookie: cookieOf(nextSession()) }),
});

/** Sessions in turn. Each is asked for once before, so that it has its signed token. */
function byTurns(server: Product, sessions: readonly number[]): Load {
  const cookies = sessions.map((session) => ({ cookie: cookieOf(session) }));
  let next = 0;
  const nextHeaders = () => {
    next = (next + 1) % cookies.length;
    return cookies[next] ?? {};
  };
  return httpLoad({ url: urlOf(server), nextHeaders }, cookies.length);
}

/** Every other number below `count`, neighbours far from each other. */
function othersThan(taken: readonly number[], count: number): () => number {
  const known = new Set(taken);
  let next = 0;
  return () => {
    do next = (next + STRIDE) % count;
    while (known.has(next));
    return next;
  };
}

/** As docs/api-keys/README.md says; signed while it is called, as a nonce is good for some seconds. */
function byKey(server: Product, { kid, secret }: SeededKey): HttpCall {
  const bodyHash = sha256Hex("");
  let calls = 0;
  return {
    url: urlOf(server),
    headers: { "x-auth-apikey": kid, "x-auth-content-sha256": bodyHash },
    nextHeaders: () => {
      calls += 1;
      const nonce = `${systemClock().getTime()}-${calls}`;
      const signed = { kid, nonce, verb: "GET", target: TARGET, bodyHash };
      return { "x-auth-nonce": nonce, "x-auth-signature": signatureBy("request", secret, signed) };
    },
  };
}

/** What Envoy's filter ext_authz sends of a browser's request. */
const byEnvoy = ({ grpc, cookie }: Product): Promise<Load> => {
  const host = "exchange.example.com";
  const request = create(CheckRequestSchema, {
    attributes: {
      source: { address: socketAddress("203.0.113.9", 50_412) },
      destination: { address: socketAddress("192.0.2.10", 8443) },
      request: {
        http: {
          id: "8264091735520934711",
          method: "GET",
          headers: {
            ":authority": host,
            ":method": "GET",
            ":path": TARGET,
            ":scheme": "https",
            accept: "application/json",
            "accept-encoding": "gzip, deflate, br",
            "accept-language": "en",
            cookie,
            "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "x-forwarded-for": "203.0.113.9",
            "x-forwarded-proto": "https",
            "x-request-id": "7d3c2f61-9d5f-4d0c-9d41-0b5f3a7c1e55",
          },
          path: TARGET,
          host,
          scheme: "https",
          size: -1n,
          protocol: "HTTP/2",
        },
      },
    },
  });
  return grpcLoad(grpc, {
    method: Authorization.method.check,
    request,
    isGood: ({ status }) => status?.code === 0,
  });
};

const socketAddress = (address: string, port: number) => ({
  address: {
    case: "socketAddress" as const,
    value: { address, portSpecifier: { case: "portValue" as const, value: port } },
  },
});
