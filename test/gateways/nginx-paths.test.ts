import { describe, expect, test } from "vitest";
import { testGateways } from "../support/nginx.js";
import { sendLines } from "../support/plain-http.js";
import { activeMember, rest, signIn } from "../support/rest.js";
import { houseBehind } from "./house.js";

const REFUSED = [400, 401, 404, 405, 414];

describe.each(testGateways())("paths on their way through nginx (%s)", (program) => {
  const house = houseBehind(program);
  const { receivedBy } = house;

  const freshCookieLine = async () => `Cookie: ${await signIn(house.app, await activeMember(house.app))}`;
  let someCookieLine: Promise<string> | undefined;
  const cookieLine = (): Promise<string> => {
    someCookieLine ??= freshCookieLine();
    return someCookieLine;
  };
  const sendPath = (path: string, lines: readonly string[] = []) =>
    sendLines(house.nginx.port, [`GET ${path} HTTP/1.1`, ...lines]);

  test.each([
    "/api/v2/peatio/management/accounts",
    "/api/v2/peatio/management",
    "//api/v2/peatio/management/accounts",
    "/api/v2//peatio///management/accounts",
    "/api/v2/peatio/./management/accounts",
    "/api/v2/peatio/public/../management/accounts",
    "/api/v2/peatio/public/%2e%2e/management/accounts",
    "/api/v2/peatio/public/.%2E/management/accounts",
    "/api/v2/peatio/public/%252e%252e/management/accounts",
    "/api/v2/barong/%2e%2e/peatio/management/accounts",
    "/api/v2/peatio/%6danagement/accounts",
    "/api/v2/peatio/%256danagement/accounts",
    "/api/v2/peatio%2fmanagement/accounts",
    "/api/v2/peatio/public/..%2fmanagement/accounts",
    "/api/v2/peatio/public/..%5cmanagement/accounts",
    "/api/v2/peatio/public\\..\\management/accounts",
    "/api/v2/peatio/public/..;/management/accounts",
    "/api/v2/peatio;x/management/accounts",
    "/api/v2/peatio/management;x/accounts",
    "/api/v2/peatio/management%3bx/accounts",
    "/api/v2/peatio/management%00/accounts",
    "/api/v2/peatio/management\u0000/accounts",
    "/api/v2/peatio/management\t/accounts",
    "/api/v2/peatio/public/%c0%ae%c0%ae/management/accounts",
    "/api/v2/peatio/public/\u00e9/../../management/accounts",
    "/api/v2/peatio/management?/api/v2/peatio/public",
    "/api/v2/peatio/management%3f/api/v2/peatio/public",
    "/api/v2/peatio/management#/api/v2/peatio/public",
    "/api/v2/peatio/public#/../management",
    "http://localhost/api/v2/peatio/management/accounts",
    "http://localhost/api/v2/peatio/public/../management/accounts",
    "/api/v2/barong/management/users",
    "/api/v2/barong/identity/../management/users",
    "/api/v2/barong/identity/%2e%2e/management/users",
  ])("%j does not get to what is blocked, with a session or without", async (path) => {
    const received = await receivedBy(async () => {
      for (const lines of [[], [await cookieLine()]]) {
        expect(REFUSED).toContain(await sendPath(path, lines));
      }
    });

    expect(received).toEqual([]);
  });

  test.each([
    "/api/v2/peatio/public/../market/orders",
    "/api/v2/peatio/public/%2e%2e/market/orders",
    "/api/v2/peatio/public/..%2fmarket/orders",
    "/api/v2/peatio/public/..;/market/orders",
    "/api/v2/peatio/market/orders/../../public/../market/orders",
    "/api/v2/peatio/publi%63/../market/orders",
    "/api/v2/barong/identity/../../peatio/market/orders",
    "http://localhost/api/v2/peatio/public/../market/orders",
    "/API/v2/peatio/market/orders",
  ])("%j does not get without a session to what needs one", async (path) => {
    const received = await receivedBy(async () => {
      expect(REFUSED).toContain(await sendPath(path));
    });

    expect(received).toEqual([]);
  });

  test.each([
    ["/api/v2/peatio//market///orders", "/api/v2/market/orders"],
    ["/api/v2/peatio/market/./orders/", "/api/v2/market/orders/"],
    ["/api/v2/peatio/market/trades/../orders", "/api/v2/market/orders"],
    ["/api/v2/peatio/m%61rket/orders", "/api/v2/market/orders"],
    ["/api/v2/peatio/market/a%20b?x=%2e%2e%2f&y=a/../b;c", "/api/v2/market/a%20b?x=%2e%2e%2f&y=a/../b;c"],
    ["http://elsewhere/api/v2/peatio/market/orders", "/api/v2/market/orders"],
    ["/api/v2/ranger/private/?stream=order", "/?stream=order"],
    ["/api/v2/ranger/public", "/"],
  ])("%j is what was judged: %j", async (path, target) => {
    const [received] = await receivedBy(async () => {
      expect(await sendPath(path, [await cookieLine()])).toBe(200);
    });

    expect(received?.target).toBe(target);
  });

  test("a path of 8 KiB is judged, a longer one refused", async () => {
    const cookie = await cookieLine();
    const long = `/api/v2/peatio/${"a".repeat(8192 - "/api/v2/peatio/".length)}`;

    expect(await sendPath(long, [cookie])).toBe(200);
    expect(await receivedBy(() => sendPath(`${long}a`, [cookie]))).toEqual([]);
    expect(REFUSED).toContain(await sendPath(`${long}a`, [cookie]));
  });

  test("headers of 64 KiB get nowhere", async () => {
    const received = await receivedBy(async () => {
      for (const name of ["Cookie", "X-Auth-Apikey", "X-Anything"]) {
        const status = await sendPath("/api/v2/peatio/market/orders", [`${name}: ${"x".repeat(65_536)}`]);
        expect(status).toBe(400);
      }
    });

    expect(received).toEqual([]);
  });

  test("what a client says about paths, methods and addresses is of no account, and goes no further", async () => {
    const spoofed = [
      "X-Original-URI: /api/v2/peatio/public/markets",
      "X-Original-Method: GET",
      "X-Forwarded-Uri: /api/v2/peatio/public/markets",
      "X-Forwarded-Method: GET",
      "X-Forwarded-For: 203.0.113.7",
      "X-Forwarded-Host: evil.example.org",
      "X-Forwarded-Proto: https",
      "X-Real-IP: 203.0.113.7",
      "Forwarded: for=203.0.113.7",
      "X_Original_URI: /api/v2/peatio/public/markets",
      "X_Forwarded_For: 203.0.113.7",
      "X-Accel-Redirect: /_question",
    ];
    const cookie = await cookieLine();

    const received = await receivedBy(async () => {
      expect(await sendPath("/api/v2/peatio/market/orders", spoofed)).toBe(401);
      expect(await sendPath("/api/v2/peatio/management/accounts", [...spoofed, cookie])).toBe(401);
      expect(await sendPath("/api/v2/peatio/market/orders", [...spoofed, cookie])).toBe(200);
    });

    expect(received).toHaveLength(1);
    // The one that is left means something in answers alone.
    expect(received[0]?.headers).toEqual({
      ...{ host: "localhost", "x-accel-redirect": "/_question", "x-request-id": expect.any(String) },
      authorization: expect.stringMatching(/^Bearer \S+$/),
      ...{ "x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1" },
      ...{ "x-forwarded-host": "localhost", "x-forwarded-proto": "http" },
    });
  });

  test("what services would act on in place of the request's own line goes no further, and the verdict is about that line", async () => {
    const overrides = [
      "X-HTTP-Method-Override: DELETE",
      "X-HTTP-Method: DELETE",
      "X-Method-Override: DELETE",
      "X-Original-URL: /api/v2/management/accounts",
      "X-Rewrite-URL: /api/v2/management/accounts",
      "X_HTTP_Method_Override: DELETE",
      "X.Original.URL: /api/v2/management/accounts",
    ];
    const admin = { cookie: await signIn(house.app, "admin@barong.io") };
    const drop = { role: "member", verb: "DELETE", path: "api/v2/peatio/market", action: "drop" };
    const made = await rest(house.app, "POST", "/admin/permissions", { json: drop, headers: admin });
    expect(made.status).toBe(201);
    const cookie = await cookieLine();
    const ask = (verb: string, path: string, lines: readonly string[]) =>
      sendLines(house.nginx.port, [`${verb} ${path} HTTP/1.1`, ...lines]);
    const opposite = ["X-HTTP-Method-Override: GET", "X-Original-URL: /api/v2/peatio/public/markets"];

    const received = await receivedBy(async () => {
      expect(await ask("GET", "/api/v2/peatio/market/orders", [...overrides, cookie])).toBe(200);
      expect(await ask("DELETE", "/api/v2/peatio/market/orders", [...opposite, cookie])).toBe(401);
      expect(await ask("GET", "/api/v2/peatio/market/orders", opposite)).toBe(401);
      expect(await ask("GET", "/api/v2/peatio/management/accounts", [...opposite, cookie])).toBe(401);
    });

    expect(received.map(({ method, target }) => [method, target])).toEqual([
      ["GET", "/api/v2/market/orders"],
    ]);
    const names = Object.keys(received[0]?.headers ?? {});
    expect(names.filter((name) => /override|method|original|rewrite/.test(name))).toEqual([]);
    const { id } = made.body as { id: number };
    await rest(house.app, "DELETE", `/admin/permissions?id=${id}`, { headers: admin });
  });

  test("a header twice, or blank, is no way around a signature or a session", async () => {
    const [first, second] = [await freshCookieLine(), await freshCookieLine()];
    const path = "/api/v2/peatio/market/orders";
    const key = ["X-Auth-Apikey: 61d025b8573501c2", "X-Auth-Nonce: 1584524005143", "X-Auth-Signature: 00"];

    expect(await sendPath(path, [...key, ...key])).toBe(401);
    expect(await sendPath(path, [...key.slice(0, 2), ...key.slice(0, 2)])).toBe(422);
    expect(await sendPath(path, [...key.slice(0, 2), "X-Auth-Signature:"])).toBe(422);
    expect(await sendPath(path, ["X-Auth-Apikey:", "X-Auth-Nonce:", "X-Auth-Signature:"])).toBe(401);
    // Of two sessions one is taken, never a mixture.
    expect(await sendPath(path, [first, second])).toBe(200);
  });
});
