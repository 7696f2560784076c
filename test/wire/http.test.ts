import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  CreateSessionRequestSchema,
  SessionService,
} from "../../gen/barong/identity/v1/session_service_pb.js";
import { StatusService } from "../../gen/barong/identity/v1/status_service_pb.js";
import { grpcClient } from "./clients.js";
import { get, openTestDoors, post } from "./support.js";

const page = "https://exchange.example";

test("every answer carries the security headers, failures too", async () => {
  const { url } = await openTestDoors({ settings: { https: true } });
  const paths = ["/api/v2/identity/ping", "/api/v2/nothing", "/%", "/healthz"];

  for (const path of paths) {
    const { headers } = await get(url + path);
    expect.soft(headers.get("x-content-type-options"), path).toBe("nosniff");
    expect.soft(headers.get("referrer-policy"), path).toBe("no-referrer");
    expect.soft(headers.get("content-security-policy"), path).toContain("frame-ancestors 'none'");
    expect.soft(headers.get("cache-control"), path).toBe("no-store");
    expect.soft(headers.get("strict-transport-security"), path).toMatch(/max-age=\d{8}/);
  }
});

test("a request keeps the id it came with if that is fit for a log, else it gets one", async () => {
  const { url, doors } = await openTestDoors();
  const idOf = async (sent: string) =>
    (await get(`${url}/api/v2/identity/ping`, { headers: { "x-request-id": sent } })).headers.get(
      "x-request-id",
    );
  const ping = StatusService.method.ping;
  const rpc = await grpcClient(doors.grpcPort).call(ping, create(ping.input), {
    headers: { "x-request-id": "rpc-1" },
  });

  expect(await idOf("abc-123")).toBe("abc-123");
  expect(await idOf("a b<script>")).toMatch(/^[0-9a-f-]{36}$/);
  expect(await idOf("x".repeat(65))).toMatch(/^[0-9a-f-]{36}$/);
  expect(rpc.header.get("x-request-id")).toEqual(["rpc-1"]);
});

test("pages of every origin may read answers and their paging headers, without credentials", async () => {
  const { url } = await openTestDoors();

  const answer = await get(`${url}/api/v2/identity/nothing`, { headers: { origin: page } });
  const preflight = await fetch(`${url}/api/v2/identity/sessions`, {
    method: "OPTIONS",
    headers: {
      origin: page,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type, x-mine",
    },
  });

  expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
  for (const name of ["Total", "Page", "Per-Page", "Link", "Grpc-Status"]) {
    expect(answer.headers.get("access-control-expose-headers")?.toLowerCase()).toContain(name.toLowerCase());
  }
  expect(preflight.status).toBe(200);
  expect(preflight.headers.get("access-control-allow-methods")).toBe(
    "GET, POST, DELETE, PUT, PATCH, OPTIONS, HEAD",
  );
  expect(preflight.headers.get("access-control-allow-headers")).toBe("content-type, x-mine");
  expect(preflight.headers.get("access-control-max-age")).toBe("3600");
});

test("only listed origins are let in when there is a list", async () => {
  const cors = { origins: [page], maxAgeSeconds: 60, credentials: true };
  const { url } = await openTestDoors({ settings: { cors } });
  const from = async (origin: string) =>
    (await post(`${url}/${StatusService.typeName}/Ping`, {}, { origin })).headers;

  const friend = await from(page);
  const stranger = await from("https://evil.example");

  expect(friend.get("access-control-allow-origin")).toBe(page);
  expect(friend.get("access-control-allow-credentials")).toBe("true");
  expect(friend.get("vary")?.toLowerCase()).toContain("origin");
  expect(stranger.get("access-control-allow-origin")).toBeNull();
});

test("an origin that is not listed gets no word of CORS, and no page reads what is for development", async () => {
  const cors = { origins: [page], maxAgeSeconds: 60, credentials: true };
  const { url } = await openTestDoors({ settings: { cors } });
  const wordsFor = async (path: string, origin: string) => {
    const { headers } = await get(`${url}${path}`, { headers: { origin } });
    return [...headers.keys()].filter((name) => name.startsWith("access-control-"));
  };

  expect(await wordsFor("/api/v2/identity/ping", "https://stranger.example")).toEqual([]);
  expect(await wordsFor("/dev/mailbox.json", page)).toEqual([]);
  expect(await wordsFor("/api/v2/identity/ping", page)).not.toEqual([]);
});

test("credentials for every origin stop the start", async () => {
  const cors = { origins: "*" as const, maxAgeSeconds: 60, credentials: true };

  await expect(openTestDoors({ settings: { cors } })).rejects.toThrow(/credentials/);
});

test("an OPTIONS request that is no preflight is answered by the route", async () => {
  const { url } = await openTestDoors();

  const options = await fetch(`${url}/api/v2/identity/sessions`, { method: "OPTIONS" });

  expect(options.status).toBe(204);
  expect(options.headers.get("allow")).toContain("DELETE");
});

test("each request leaves one line, without query, body, cookie or token", async () => {
  const { url, doors, lines } = await openTestDoors();
  const secrets = { authorization: "Bearer s3cret-token", cookie: "_barong_session=s3cret-cookie" };
  const body = { email: "dana@example.com", password: "s3cret-password", otp_code: "s3cret" };
  await post(`${url}/api/v2/identity/sessions?password=s3cret-query`, body, secrets);
  await post(
    `${url}/${SessionService.typeName}/CreateSession`,
    { email: "a@b.c", password: "s3cret" },
    secrets,
  );
  await grpcClient(doors.grpcPort).call(
    SessionService.method.createSession,
    create(CreateSessionRequestSchema, { email: "a@b.c", password: "s3cret" }),
    { headers: secrets },
  );

  const records = lines
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === "request" || msg === "call");
  const rpc = "barong.identity.v1.SessionService.CreateSession";
  const common = { id: expect.any(String), rpc, ms: expect.any(Number), ip: "127.0.0.1" };
  expect(records).toMatchObject([
    { ...common, method: "POST", path: "/api/v2/identity/sessions", status: 401 },
    { ...common, method: "POST", path: "/barong.identity.v1.SessionService/CreateSession", status: 401 },
    { ...common, status: "UNAUTHENTICATED" },
  ]);
  expect(lines.join()).not.toContain("s3cret");
});

test("the client behind a trusted proxy is the one in the log, whichever door", async () => {
  const { url, doors, calls } = await openTestDoors({ settings: { trustedProxies: ["127.0.0.0/8"] } });
  const headers = { "x-forwarded-for": "198.51.100.9", "user-agent": "u".repeat(600) };
  const ping = StatusService.method.ping;
  await get(`${url}/api/v2/identity/ping`, { headers });
  await post(`${url}/${StatusService.typeName}/Ping`, {}, headers);
  await grpcClient(doors.grpcPort).call(ping, create(ping.input), { headers });

  expect(calls.map(({ origin }) => origin.ip)).toEqual(["198.51.100.9", "198.51.100.9", "198.51.100.9"]);
  expect(calls[0]?.origin.userAgent).toHaveLength(512);
});

test("routes for development stand beside the others", async () => {
  const { url } = await openTestDoors({
    extra: async (app) => {
      app.get("/", async (_request, reply) => reply.type("application/json").send('"welcome"'));
    },
  });

  expect(await get(url)).toMatchObject({ status: 200, body: "welcome" });
});
