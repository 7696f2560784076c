import { getOption } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { AuthzService } from "../../gen/barong/authz/v1/authz_service_pb.js";
import { http } from "../../gen/google/api/annotations_pb.js";
import { readConfig } from "../../src/platform/config.js";
import {
  authzOf,
  clusterOf,
  directive,
  envoyGrpc,
  envoyHttp,
  envoys,
  first,
  headersWrittenIn,
  hostOf,
  idleTimeoutOf,
  listenerOf,
  managerOf,
  nginx,
  nginxQuestion,
  nginxServer,
  portOf,
  routesOf,
  traefik,
  traefikRoutes,
} from "./gateway-files.js";

const config = readConfig({});
const EXT_AUTHZ = "envoy.filters.http.ext_authz";
const PORT = 8099;
const SERVER_KEEPS_CONNECTIONS_SECONDS = 75;

const PROOFS = ["x-auth-apikey", "x-auth-nonce", "x-auth-signature"];
const JUDGED_BY = [
  "cookie",
  "origin",
  "sec-fetch-mode",
  "sec-fetch-site",
  "user-agent",
  ...PROOFS,
  "x-auth-content-sha256",
];
/** Services act on what is in these in place of the request's own method or path. */
const OVERRIDES = [
  ...["x-http-method", "x-http-method-override", "x-method-override"],
  ...["x-original-url", "x-rewrite-url"],
];
const INTERNAL = [
  ...OVERRIDES,
  ...["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-method", "x-forwarded-uri"],
  ...["x-original-method", "x-original-uri", "x-real-ip"],
];

/** The path of the endpoint, in front of the path that is asked about. */
function endpoint(): string {
  const { pattern } = getOption(AuthzService.method.authorize, http);
  return pattern.case === "custom" ? (pattern.value.path.split("/{")[0] ?? "") : "";
}

const lowerCase = (names: readonly string[]) => names.map((name) => name.toLowerCase());
const secondsIn = (duration = "") => Number(/^([\d.]+)s$/.exec(duration)?.[1]);
const sorted = (...names: readonly string[]) => names.toSorted();
const forwardAuth = traefikRoutes.middlewares.barong?.forwardAuth;
const entryPoint = traefik.entryPoints.web;

describe("the gateways' configurations", () => {
  test("listen on one port, and reach the server where it listens unless told otherwise", () => {
    const { httpPort, grpcPort } = config;

    for (const file of envoys) {
      expect(listenerOf(file).address.socket_address.port_value).toBe(PORT);
      expect(portOf(clusterOf(file, "barong"))).toBe(httpPort);
    }
    expect(portOf(clusterOf(envoyHttp, "barong-http"))).toBe(httpPort);
    expect(portOf(clusterOf(envoyGrpc, "barong-grpc"))).toBe(grpcPort);
    expect(nginx).toContain(`listen ${PORT};`);
    expect(nginx).toContain(`server barong:${httpPort};`);
    expect(entryPoint?.address).toBe(`:${PORT}`);
    const { loadBalancer } = traefikRoutes.services.barong ?? {};
    expect(loadBalancer?.servers).toEqual([{ url: `http://barong:${httpPort}` }]);
  });

  test("ask where the schema says, and let no client ask there", () => {
    const hidden = `/${config.authz.ownPath}/auth`;

    expect(authzOf(envoyGrpc).transport_api_version).toBe("V3");
    expect(authzOf(envoyHttp).http_service?.path_prefix).toBe(endpoint());
    expect(directive(nginxQuestion, "proxy_pass")).toBe(`http://barong${endpoint()}/`);
    expect(forwardAuth?.address).toBe(`http://barong:${config.httpPort}${endpoint()}/`);
    for (const file of envoys)
      expect(first(routesOf(file))).toMatchObject({
        match: { prefix: hidden },
        direct_response: { status: 404 },
      });
    expect(nginx).toMatch(new RegExp(`location ${hidden} \\{\\s+return 404;`));
    expect(traefikRoutes.routers.barong?.rule).toContain(`!PathPrefix(\`${hidden}\`)`);
  });

  test("offer the server's API where its permissions take it to be", () => {
    const prefix = `/${config.authz.ownPath}/`;

    for (const file of envoys) {
      const own = routesOf(file).find(({ match }) => match.prefix === prefix);
      expect(own?.route).toMatchObject({ cluster: "barong", prefix_rewrite: "/api/v2/" });
    }
    expect(nginx).toMatch(new RegExp(`location ${prefix} \\{\\s+proxy_pass http://barong/api/v2/;`));
    expect(traefikRoutes.middlewares["barong-path"]?.replacePathRegex).toEqual({
      regex: `^${prefix}(.*)`,
      replacement: "/api/v2/$1",
    });
  });

  test("wait for the verdict a little longer than the server takes for it", () => {
    const patience = [
      authzOf(envoyGrpc).grpc_service?.timeout,
      authzOf(envoyHttp).http_service?.server_uri.timeout,
      directive(nginxQuestion, "proxy_read_timeout"),
    ];

    for (const duration of patience) {
      expect(secondsIn(duration) * 1000).toBeGreaterThan(config.authz.timeoutMs);
      expect(secondsIn(duration) * 1000).toBeLessThan(config.authz.timeoutMs + 1000);
    }
  });

  test("close connections that they keep before the server does", () => {
    const kept = [
      ...envoys.map((file) => idleTimeoutOf(clusterOf(file, "barong"))),
      idleTimeoutOf(clusterOf(envoyHttp, "barong-http")),
      directive(nginx, "keepalive_timeout"),
    ];

    for (const duration of kept) expect(secondsIn(duration)).toBeLessThan(SERVER_KEEPS_CONNECTIONS_SECONDS);
  });

  test("let nothing pass without a yes", () => {
    for (const file of envoys) {
      const closed = { failure_mode_allow: false, status_on_error: { code: "ServiceUnavailable" } };
      expect(authzOf(file)).toMatchObject(closed);
    }
    expect(nginxServer).toContain("auth_request /_question;");
    expect(nginxServer).toContain("error_page 401 403 500 = /_refusal;");
    expect(directive(nginxQuestion, "proxy_cache_valid")).not.toMatch(/\b(?:2\d\d|any)\b/);
    expect(entryPoint?.http.middlewares).toEqual(["barong@file"]);
  });

  test("hand on the headers that a verdict needs, and no others", () => {
    for (const file of envoys) {
      const allowed = authzOf(file).allowed_headers.patterns.map(({ exact }) => exact);
      expect(sorted(...allowed)).toEqual(sorted(...JUDGED_BY, "x-forwarded-for", "x-request-id"));
    }
    const line = ["host", "x-forwarded-for", "x-original-method", "x-original-uri", "x-request-id"];
    expect(sorted(...headersWrittenIn(nginxQuestion))).toEqual(sorted(...JUDGED_BY, ...line));
    expect(directive(nginxQuestion, "proxy_pass_request_headers")).toBe("off");
    const handedOn = lowerCase(forwardAuth?.authRequestHeaders ?? []);
    expect(sorted(...handedOn)).toEqual(sorted(...JUDGED_BY, "x-request-id"));
    expect(forwardAuth?.trustForwardHeader).toBe(false);
    expect(entryPoint?.forwardedHeaders).toEqual({ insecure: false, trustedIPs: [] });
  });

  test("let services have the token of the verdict alone, and nothing that clients made up", () => {
    for (const file of envoys) {
      const { early_header_mutation_extensions: early, route_config } = managerOf(file);
      const removed = first(early).typed_config.mutations.map(({ remove }) => remove);
      expect(removed).toEqual(sorted("authorization", ...INTERNAL));
      expect(route_config.request_headers_to_remove).toEqual(PROOFS);
    }
    const written = headersWrittenIn(nginxServer, { removedToo: true });
    expect(written).toEqual(expect.arrayContaining(["authorization", "cookie", ...INTERNAL, ...PROOFS]));
    // One in a location of a service would undo them all.
    const locations = nginx.replace(nginxServer, "").replace(nginxQuestion, "");
    expect(headersWrittenIn(locations, { removedToo: true })).toEqual([]);
    expect(forwardAuth?.authResponseHeaders).toEqual(["Authorization"]);
    // The others are Traefik's own business.
    const { customRequestHeaders = {} } = traefikRoutes.middlewares.proofs?.headers ?? {};
    expect(lowerCase(Object.keys(customRequestHeaders))).toEqual(
      sorted("forwarded", ...PROOFS, ...OVERRIDES, "x-original-method", "x-original-uri"),
    );
    expect(entryPoint?.http.aliasHeadersStrategy).toBe("delete");
    for (const { middlewares } of Object.values(traefikRoutes.routers)) expect(middlewares[0]).toBe("proofs");
  });

  test("over gRPC say of which routes every body is handed on", () => {
    const words = routesOf(envoyGrpc).map(({ typed_per_filter_config: own }) => {
      const inherited = hostOf(envoyGrpc).typed_per_filter_config?.[EXT_AUTHZ]?.check_settings;
      const settings = { ...inherited, ...own?.[EXT_AUTHZ]?.check_settings };
      return [settings.context_extensions?.body, settings.disable_request_body_buffering ?? false];
    });

    expect(words).toContainEqual(["withheld", true]);
    for (const [word, isWithheld] of words) expect(word).toBe(isWithheld ? "withheld" : "whole");
  });

  test("of Envoy differ in how they ask, and in nothing else", () => {
    const [overGrpc, overHttp] = envoys.map((file) => {
      const alike = structuredClone(file);
      const authz = authzOf(alike);
      delete authz.grpc_service;
      delete authz.http_service;
      delete authz.with_request_body.pack_as_bytes;
      for (const { typed_per_filter_config: settings } of [hostOf(alike), ...routesOf(alike)])
        delete settings?.[EXT_AUTHZ]?.check_settings.context_extensions;
      delete hostOf(alike).typed_per_filter_config;
      const { static_resources } = alike;
      static_resources.clusters = static_resources.clusters.filter(({ name }) => !name.startsWith("barong-"));
      return alike;
    });

    expect(overGrpc).toEqual(overHttp);
  });

  test("name no server and no middleware that they do not define", () => {
    for (const file of envoys) {
      const { grpc_service, http_service } = authzOf(file);
      const asked = grpc_service?.envoy_grpc.cluster_name ?? http_service?.server_uri.cluster ?? "";
      const used = [asked, ...routesOf(file).flatMap(({ route }) => route?.cluster ?? [])];
      const { clusters } = file.static_resources;
      expect(new Set(used)).toEqual(new Set(clusters.map(({ name }) => name)));
      for (const { name, load_assignment } of clusters) expect(load_assignment.cluster_name).toBe(name);
    }
    for (const { middlewares, service, entryPoints } of Object.values(traefikRoutes.routers)) {
      expect(Object.keys(traefikRoutes.middlewares)).toEqual(expect.arrayContaining([...middlewares]));
      expect(Object.keys(traefikRoutes.services)).toContain(service);
      expect(Object.keys(traefik.entryPoints)).toEqual(entryPoints);
    }
  });
});
