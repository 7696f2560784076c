import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember, signIn } from "../../support/rest.js";
import { startedApp } from "../../support/start-app.js";

describeEachDatabase("bad questions of a gateway", (database) => {
  const app = startedApp(database, { environment: { TRUSTED_PROXIES: "" } });

  /** Sends a request exactly as it is written, which no client library would. */
  async function send(target: string, headers: readonly string[] = [], method = "GET"): Promise<string> {
    const socket = connect(app.httpPort, "127.0.0.1");
    const lines = [
      `${method} ${target} HTTP/1.1`,
      "Host: localhost",
      "Connection: close",
      ...headers,
      "",
      "",
    ];
    socket.write(lines.join("\r\n"), "latin1");
    const pieces: Buffer[] = [];
    socket.on("data", (piece) => pieces.push(piece));
    socket.on("error", () => undefined);
    await once(socket, "close");
    return Buffer.concat(pieces).toString("latin1");
  }

  const statusOf = (answer: string) => Number(answer.slice(9, 12));
  const hasBearer = (answer: string) => /^authorization: /im.test(answer);

  const cookieLine = async () => `Cookie: ${await signIn(app, await activeMember(app))}`;

  test.each([
    "/api/v2/auth/api/v2/peatio/public/%2e%2e/management/ping",
    "/api/v2/auth/api/v2/peatio/public/..%2fmanagement/ping",
    "/api/v2/auth/api/v2/peatio/public/..;/management/ping",
    "/api/v2/auth/api/v2/peatio/public;x/../management",
    "/api/v2/auth/api/v2/peatio/public/%00",
    "/api/v2/auth/api/v2/peatio/public/%zz",
    "/api/v2/auth/api/v2/peatio/public/\\..\\management",
    "/api/v2/auth/api/v2/peatio/public/%5c..%5cmanagement",
    "/api/v2/auth/api/v2/peatio/public/%c0%ae%c0%ae/management",
    "/api/v2/auth/../../../etc/passwd",
    "/api/v2/auth/api/v2/peatio/public/\u00e9",
    "/api/v2/%61uth/api/v2/peatio/public/x",
    "/api/v2/auth/api/v2/peatio/management",
    "/api/v2/auth//api//v2//peatio//management",
  ])("%j lets nobody through, with a session or without", async (target) => {
    for (const headers of [[], [await cookieLine()]]) {
      const answer = await send(target, headers);

      expect([400, 401, 404]).toContain(statusOf(answer));
      expect(hasBearer(answer)).toBe(false);
    }
  });

  test("a path in another letter case is another path", async () => {
    expect(statusOf(await send("/api/v2/auth/api/v2/Peatio/public/markets"))).toBe(401);
    expect(statusOf(await send("/api/v2/auth/API/v2/peatio/public/markets"))).toBe(401);
    expect(statusOf(await send("/api/v2/auth/api/v2/peatio/public/markets"))).toBe(200);
  });

  test("a path of 8 KiB is answered, a longer one refused", async () => {
    const cookie = await cookieLine();
    const long = `/api/v2/auth/${"a".repeat(8192 - "/api/v2/auth/".length)}`;

    expect(statusOf(await send(long, [cookie]))).toBe(200);
    expect(statusOf(await send(`${long}a`, [cookie]))).toBe(400);
  });

  test("headers of 64 KiB are refused before anybody looks at them", async () => {
    const huge = "x".repeat(64 * 1024);

    for (const header of [
      `Cookie: _barong_session=${huge}`,
      `X-Auth-Apikey: ${huge}`,
      `Authorization: ${huge}`,
    ]) {
      const answer = await send("/api/v2/auth/api/v2/orders", [header]);
      expect(statusOf(answer)).toBe(431);
      expect(hasBearer(answer)).toBe(false);
    }
  });

  test("what an untrusted peer says in headers about path, method or address changes nothing", async () => {
    const spoofed = [
      "X-Original-URI: /api/v2/peatio/public/markets",
      "X-Forwarded-Uri: /api/v2/peatio/public/markets",
      "X-Original-Method: GET",
      "X-Forwarded-Method: GET",
      "X-Forwarded-For: 127.0.0.1",
      "X-Real-IP: 127.0.0.1",
      "X-Envoy-Internal: true",
      "X-Envoy-Original-Path: /api/v2/peatio/public",
    ];

    expect(statusOf(await send("/api/v2/auth/api/v2/orders", spoofed))).toBe(401);
    expect(statusOf(await send("/api/v2/auth/", spoofed))).toBe(401);
    const answer = await send("/api/v2/auth/api/v2/orders", [...spoofed, await cookieLine()]);
    expect(statusOf(answer)).toBe(200);
  });

  test.each([
    ["unknown", `_barong_session=${"A".repeat(43)}`],
    ["too short", "_barong_session=A"],
    ["blank", "_barong_session="],
    ["of characters that no token has", `_barong_session=${"%00".repeat(10)}${"'".repeat(13)}`],
    ["in a cookie of another name", `_session_id=${"A".repeat(43)}`],
  ])("a session token that is %s is no session", async (_what, cookie) => {
    const answer = await send("/api/v2/auth/api/v2/orders", [`Cookie: ${cookie}`]);

    expect(statusOf(answer)).toBe(401);
    expect(answer).toContain('{"errors":["authz.invalid_session"]}');
  });

  test("any method is a question, but CONNECT", async () => {
    const cookie = await cookieLine();

    for (const method of ["GET", "HEAD", "OPTIONS", "PROPFIND", "PURGE", "SEARCH", "TRACE"]) {
      expect([method, statusOf(await send("/api/v2/auth/api/v2/orders", [cookie], method))]).toEqual([
        method,
        200,
      ]);
    }
  });

  test("a body is no part of the question, complete or not", async () => {
    const cookie = await cookieLine();
    const answer = await send("/api/v2/auth/api/v2/orders", [cookie, "Content-Length: 0"], "POST");

    expect(statusOf(answer)).toBe(200);
  });
});
