import { StatusService } from "../gen/barong/identity/v1/status_service_pb.js";
import { grpcLoad } from "./load/grpc.js";
import { httpLoad } from "./load/http.js";
import type { Load } from "./load/load.js";
import type { Product } from "./product.js";
import type { Case } from "./rounds.js";
import type { ServerProcess } from "./server-process.js";

/** The case that all ratios refer to. */
export const YARDSTICK = "bare Fastify route";

export interface Section {
  readonly title: string;
  readonly cases: readonly Case[];
}

/** A question that two cases answer together. */
export interface Comparison {
  readonly title: string;
  readonly more: string;
  readonly less: string;
}

export interface Servers {
  readonly bare: ServerProcess;
  readonly libraries: ServerProcess;
  readonly handler: ServerProcess;
  readonly withinCall: ServerProcess;
  readonly guard: ServerProcess;
  readonly sqlite: Product;
  readonly mysql: Product | undefined;
}

/** Everything that is measured, in the order of the tables. */
export async function sectionsOf(servers: Servers): Promise<Section[]> {
  const { bare, libraries, handler, withinCall, guard, sqlite, mysql } = servers;
  return [
    {
      title: "One call through each door",
      cases: [
        { name: YARDSTICK, server: bare, load: httpLoad({ url: `http://127.0.0.1:${bare.http}/time` }) },
        {
          name: "bare Fastify route, POST",
          server: bare,
          load: httpLoad({
            url: `http://127.0.0.1:${bare.http}/time`,
            method: "POST",
            headers: { "content-type": "application/json" },
            body: "{}",
          }),
        },
        { name: "REST", server: sqlite, load: restTime(sqlite) },
        { name: "Connect JSON", server: sqlite, load: connectJsonTime(sqlite) },
        { name: "Connect binary", server: sqlite, load: connectTime(sqlite, "application/proto") },
        { name: "gRPC", server: sqlite, load: await grpcTime(sqlite) },
      ],
    },
    {
      title: "What the doors are made of",
      cases: [
        { name: "REST: transcoder alone", server: libraries, load: restTime(libraries) },
        { name: "REST: door, no guard", server: handler, load: restTime(handler) },
        { name: "REST: door, withinCall", server: withinCall, load: restTime(withinCall) },
        { name: "REST: door, guard", server: guard, load: restTime(guard) },
        { name: "Connect: library alone", server: libraries, load: connectJsonTime(libraries) },
        { name: "Connect: door, no guard", server: handler, load: connectJsonTime(handler) },
        { name: "Connect: door, withinCall", server: withinCall, load: connectJsonTime(withinCall) },
        { name: "Connect: door, guard", server: guard, load: connectJsonTime(guard) },
        { name: "gRPC: grpc-js alone", server: libraries, load: await grpcTime(libraries) },
        { name: "gRPC: door, no guard", server: handler, load: await grpcTime(handler) },
        { name: "gRPC: door, withinCall", server: withinCall, load: await grpcTime(withinCall) },
        { name: "gRPC: door, guard", server: guard, load: await grpcTime(guard) },
      ],
    },
    {
      title: "Calls that read the database",
      cases: [...databaseCases("SQLite", sqlite), ...(mysql ? databaseCases("MySQL", mysql) : [])],
    },
  ];
}

/** The same questions for each door. */
export const comparisons: readonly Comparison[] = [
  ...comparisonsOf("REST", "transcoder alone"),
  ...comparisonsOf("Connect", "library alone"),
  ...comparisonsOf("gRPC", "grpc-js alone"),
];

function comparisonsOf(door: string, library: string): Comparison[] {
  const bare = `${door}: door, no guard`;
  return [
    { title: `${door}: the door around the library`, more: bare, less: `${door}: ${library}` },
    { title: `${door}: the guard`, more: `${door}: door, guard`, less: bare },
    {
      title: `${door}: of it, AsyncLocalStorage (\`withinCall\`)`,
      more: `${door}: door, withinCall`,
      less: bare,
    },
  ];
}

const restTime = ({ http }: ServerProcess): Load =>
  httpLoad({ url: `http://127.0.0.1:${http}/api/v2/identity/time` });

/** An empty message is `{}` in JSON and no byte in binary. */
const connectTime = ({ http }: ServerProcess, contentType: string, body = ""): Load =>
  httpLoad({
    url: `http://127.0.0.1:${http}/${StatusService.typeName}/${StatusService.method.getTime.name}`,
    method: "POST",
    headers: { "content-type": contentType, "connect-protocol-version": "1" },
    body,
  });

const connectJsonTime = (server: ServerProcess): Load => connectTime(server, "application/json", "{}");

const grpcTime = ({ grpc }: ServerProcess): Promise<Load> => grpcLoad(grpc, StatusService.method.getTime);

function databaseCases(database: string, server: Product): Case[] {
  const api = `http://127.0.0.1:${server.http}/api/v2`;
  return [
    {
      name: `${database}: own account, by bearer`,
      server,
      load: httpLoad({ url: `${api}/resource/users/me`, headers: { authorization: server.bearer } }),
    },
    {
      name: `${database}: gateway's question, by cookie`,
      server,
      load: httpLoad({ url: `${api}/auth/api/v2/orders`, headers: { cookie: server.cookie } }),
    },
  ];
}
