import { StatusService } from "../gen/barong/identity/v1/status_service_pb.js";
import { flatnessOf, type Judge, type Judges, judgeCases, latencyCases, sizeCases } from "./gateway.js";
import type { LatencyCase } from "./latency.js";
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
  /** Its calls are verdicts about requests to a gateway. */
  readonly isVerdicts?: boolean;
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
  readonly sqlite: Judge;
  readonly mysql: Judges | undefined;
}

/** Everything that is measured, in the order of the tables. */
export async function sectionsOf(servers: Servers): Promise<Section[]> {
  const { bare, libraries, handler, withinCall, guard } = servers;
  const { sqlite, mysql } = servers;
  return [
    {
      title: "One call through each door",
      cases: [
        { name: YARDSTICK, server: bare, load: httpLoad(bareTime(bare)) },
        {
          name: "bare Fastify route, POST",
          server: bare,
          load: httpLoad({
            ...bareTime(bare),
            method: "POST",
            headers: { "content-type": "application/json" },
            body: "{}",
          }),
        },
        { name: "REST", server: sqlite.server, load: restTime(sqlite.server) },
        { name: "Connect JSON", server: sqlite.server, load: connectJsonTime(sqlite.server) },
        {
          name: "Connect binary",
          server: sqlite.server,
          load: connectTime(sqlite.server, "application/proto"),
        },
        { name: "gRPC", server: sqlite.server, load: await grpcTime(sqlite.server) },
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
      cases: [ownAccount("SQLite", sqlite.server), ...(mysql ? [ownAccount("MySQL", mysql.server)] : [])],
    },
    {
      title: "The gateway's question",
      isVerdicts: true,
      cases: [
        ...(mysql ? [...(await judgeCases("MySQL", mysql)), ...sizeCases(mysql)] : []),
        ...(await judgeCases("SQLite", sqlite)),
      ],
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

const grpcTime = ({ grpc }: ServerProcess): Promise<Load> =>
  grpcLoad(grpc, { method: StatusService.method.getTime });

const bareTime = ({ http }: ServerProcess) => ({ url: `http://127.0.0.1:${http}/time` });

const ownAccount = (database: string, server: Product): Case => ({
  name: `${database}: own account, by bearer`,
  server,
  load: httpLoad({
    url: `http://127.0.0.1:${server.http}/api/v2/resource/users/me`,
    headers: { authorization: server.bearer },
  }),
});

/** Those whose calls are also timed at half of their rate. */
export const latencyCasesOf = ({ bare, mysql }: Servers): LatencyCase[] =>
  mysql ? [{ name: YARDSTICK, call: bareTime(bare) }, ...latencyCases(mysql)] : [];

/** What the size of the tables costs. */
export const flatnessesOf = ({ mysql }: Servers): Comparison[] => (mysql ? [flatnessOf(mysql.sizes)] : []);
