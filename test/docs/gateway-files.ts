import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

const read = (name: string): string =>
  readFileSync(join(import.meta.dirname, "../../docs/gateways", name), "utf8");

/** The parts of the files that the tests look at. */
export interface EnvoyFile {
  readonly static_resources: { readonly listeners: readonly Listener[]; clusters: Cluster[] };
}

interface Listener {
  readonly address: { readonly socket_address: Socket };
  readonly filter_chains: readonly { readonly filters: readonly { readonly typed_config: Manager }[] }[];
}

interface Manager {
  readonly early_header_mutation_extensions: readonly {
    readonly typed_config: { readonly mutations: readonly { readonly remove: string }[] };
  }[];
  readonly http_filters: readonly { readonly name: string; readonly typed_config: ExtAuthz }[];
  readonly route_config: {
    readonly request_headers_to_remove: readonly string[];
    readonly virtual_hosts: readonly VirtualHost[];
  };
}

interface ExtAuthz {
  readonly transport_api_version: string;
  grpc_service?: { readonly envoy_grpc: { readonly cluster_name: string }; readonly timeout: string };
  http_service?: {
    readonly server_uri: { readonly cluster: string; readonly timeout: string };
    readonly path_prefix: string;
  };
  readonly allowed_headers: { readonly patterns: readonly { readonly exact: string }[] };
  readonly with_request_body: { pack_as_bytes?: boolean };
}

interface VirtualHost {
  typed_per_filter_config?: PerFilter;
  readonly routes: readonly Route[];
}

type PerFilter = Readonly<Record<string, { readonly check_settings: CheckSettings }>>;

interface CheckSettings {
  context_extensions?: Readonly<Record<string, string>>;
  readonly disable_request_body_buffering?: boolean;
}

interface Route {
  readonly match: { readonly prefix?: string };
  readonly typed_per_filter_config?: PerFilter;
  readonly route?: { readonly cluster: string; readonly prefix_rewrite?: string };
}

interface Cluster {
  readonly name: string;
  readonly typed_extension_protocol_options: Readonly<
    Record<string, { readonly common_http_protocol_options: { readonly idle_timeout: string } }>
  >;
  readonly load_assignment: {
    readonly cluster_name: string;
    readonly endpoints: readonly {
      readonly lb_endpoints: readonly {
        readonly endpoint: { readonly address: { readonly socket_address: Socket } };
      }[];
    }[];
  };
}

interface Socket {
  readonly port_value: number;
}

export interface TraefikFile {
  readonly entryPoints: Readonly<Record<string, EntryPoint>>;
}

interface EntryPoint {
  readonly address: string;
  readonly forwardedHeaders: unknown;
  readonly http: { readonly middlewares: readonly string[]; readonly aliasHeadersStrategy: string };
}

export interface TraefikRoutes {
  readonly http: {
    readonly middlewares: Readonly<Record<string, Middleware>>;
    readonly routers: Readonly<Record<string, Router>>;
    readonly services: Readonly<
      Record<string, { readonly loadBalancer: { readonly servers: readonly unknown[] } }>
    >;
  };
}

interface Middleware {
  readonly forwardAuth?: {
    readonly address: string;
    readonly trustForwardHeader: boolean;
    readonly authRequestHeaders: readonly string[];
    readonly authResponseHeaders: readonly string[];
  };
  readonly headers?: { readonly customRequestHeaders: Readonly<Record<string, string>> };
  readonly replacePathRegex?: unknown;
}

interface Router {
  readonly rule: string;
  readonly entryPoints: readonly string[];
  readonly middlewares: readonly string[];
  readonly service: string;
}

export const envoyGrpc = parse(read("envoy-grpc.yaml")) as EnvoyFile;
export const envoyHttp = parse(read("envoy-http.yaml")) as EnvoyFile;
export const envoys = [envoyGrpc, envoyHttp];
export const traefik = parse(read("traefik.yml")) as TraefikFile;
export const traefikRoutes = (parse(read("traefik-dynamic.yml")) as TraefikRoutes).http;
export const nginx = read("nginx.conf");

/** The first of a list which must not be empty. */
export function first<T>(list: readonly T[]): T {
  const [head] = list;
  if (head === undefined) throw new Error("there is none");
  return head;
}

export const listenerOf = (file: EnvoyFile) => first(file.static_resources.listeners);
export const managerOf = (file: EnvoyFile) =>
  first(first(listenerOf(file).filter_chains).filters).typed_config;
export const authzOf = (file: EnvoyFile) =>
  first(managerOf(file).http_filters.filter(({ name }) => name === "envoy.filters.http.ext_authz"))
    .typed_config;
export const hostOf = (file: EnvoyFile) => first(managerOf(file).route_config.virtual_hosts);
export const routesOf = (file: EnvoyFile) => hostOf(file).routes;
export const clusterOf = (file: EnvoyFile, wanted: string) =>
  first(file.static_resources.clusters.filter(({ name }) => name === wanted));
export const portOf = ({ load_assignment }: Cluster) =>
  first(first(load_assignment.endpoints).lb_endpoints).endpoint.address.socket_address.port_value;
export const idleTimeoutOf = ({ typed_extension_protocol_options: options }: Cluster) =>
  first(Object.values(options)).common_http_protocol_options.idle_timeout;

/** What nginx is told about its question, and what holds for every location. */
export const nginxQuestion = between("location = /_question {", "location = /_refusal {");
export const nginxServer = between("    server {\n", "location = /_question {");

function between(start: string, end: string): string {
  const from = nginx.indexOf(start);
  const to = nginx.indexOf(end, from);
  if (from === -1 || to === -1) throw new Error(`nginx.conf has no "${start}" with "${end}" behind it`);
  return nginx.slice(from, to);
}

/** The value of a directive of nginx that is there once. */
export function directive(text: string, name: string): string {
  const [value, ...more] = [...text.matchAll(new RegExp(`^\\s*${name} (.+);`, "gm"))].map(
    ([, found]) => found,
  );
  if (value === undefined || more.length > 0) throw new Error(`there is not exactly one ${name}`);
  return value;
}

/** The names of the headers that nginx writes, in lower case; those that it only takes away are left out unless asked for. */
export function headersWrittenIn(text: string, { removedToo = false } = {}): string[] {
  return [...text.matchAll(/^\s*proxy_set_header (\S+) (\S+);/gm)]
    .filter(([, , value]) => removedToo || value !== '""')
    .map(([, name = ""]) => name.toLowerCase());
}
