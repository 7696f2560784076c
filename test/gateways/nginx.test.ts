import { describe, expect, test } from "vitest";
import { testGateways } from "../support/nginx.js";
import { activeMember, bearerFor, signIn } from "../support/rest.js";
import { claimsIn, expectRefusal, houseBehind } from "./house.js";

const ORDERS = "/api/v2/peatio/market/orders";
const MARKETS = "/api/v2/peatio/public/markets";

describe.each(testGateways())("nginx in front of the server (%s)", (program) => {
  const house = houseBehind(program);
  const { send, receivedBy } = house;

  const member = async () => ({ cookie: await signIn(house.app, await activeMember(house.app)) });

  describe("a session", () => {
    test.each(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])(
      "reaches the service by %s, as a token that verifies and not as a cookie",
      async (method) => {
        const email = await activeMember(house.app);
        const cookie = await signIn(house.app, email);

        const [received, ...more] = await receivedBy(async () => {
          const answer = await send({ method, path: `${ORDERS}?market=btcusd`, headers: { cookie } });
          expect(answer).toMatchObject({ status: 200, body: { from: "upstream" } });
        });

        expect(more).toEqual([]);
        expect(received).toMatchObject({ method, target: "/api/v2/market/orders?market=btcusd" });
        expect(received?.headers.cookie).toBeUndefined();
        expect(await claimsIn(house, received?.headers.authorization)).toMatchObject({ email, level: 1 });
      },
    );

    test("brings its body to the service whole", async () => {
      const body = "0123456789".repeat(90_000);

      const [received] = await receivedBy(async () => {
        const headers = { ...(await member()), "content-type": "text/plain" };
        expect((await send({ method: "POST", path: ORDERS, headers, body })).status).toBe(200);
      });

      expect(received?.headers["content-type"]).toBe("text/plain");
      expect(received?.body.toString()).toBe(body);
    });

    test("acts for pages of its own site alone", async () => {
      const headers = { ...(await member()), host: "www.example.com" };
      const post = (origin: string) =>
        send({ method: "POST", path: ORDERS, headers: { ...headers, origin }, body: "{}" });

      expect((await post("https://www.example.com")).status).toBe(200);
      expect(await receivedBy(() => post("https://evil.example.org"))).toEqual([]);
      expectRefusal(await post("https://evil.example.org"), 403, "authz.origin_refused");
    });

    test("that is none is told so, and the service hears nothing of it", async () => {
      const received = await receivedBy(async () => {
        expectRefusal(await send({ path: ORDERS }), 401, "authz.invalid_session");
        const headers = { cookie: `_barong_session=${"A".repeat(43)}` };
        expectRefusal(await send({ path: ORDERS, headers }), 401, "authz.invalid_session");
        const [method, body] = ["POST", "x".repeat(900_000)];
        expectRefusal(await send({ method, path: ORDERS, headers, body }), 401, "authz.invalid_session");
        expect(await send({ method: "HEAD", path: ORDERS })).toMatchObject({ status: 401, body: "" });
      });

      expect(received).toEqual([]);
    });
  });

  describe("a client's own Authorization", () => {
    test("gives way to ours", async () => {
      const [mine, other] = [await member(), await member()];
      const authorization = await bearerFor(house.app, other.cookie);

      const [received] = await receivedBy(() => send({ path: ORDERS, headers: { ...mine, authorization } }));

      expect(received?.headers.authorization).toBe(await bearerFor(house.app, mine.cookie));
    });

    test("opens nothing, and does not get past a path that is open to everybody", async () => {
      const authorization = await bearerFor(house.app, (await member()).cookie);

      const received = await receivedBy(async () => {
        const headers = { authorization };
        expectRefusal(await send({ path: ORDERS, headers }), 401, "authz.invalid_session");
        expect((await send({ path: MARKETS, headers })).status).toBe(200);
      });

      expect(received.map(({ target }) => target)).toEqual(["/api/v2/public/markets"]);
      expect(received[0]?.headers.authorization).toBeUndefined();
    });
  });

  describe("the lists", () => {
    test("let the open paths through, without a token", async () => {
      const received = await receivedBy(async () => {
        expect((await send({ path: MARKETS })).status).toBe(200);
        expect((await send({ path: MARKETS, headers: await member() })).status).toBe(200);
      });

      expect(received.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
    });

    test("keep the blocked paths closed, with a session or without", async () => {
      const received = await receivedBy(async () => {
        for (const headers of [{}, await member()]) {
          const answer = await send({ path: "/api/v2/peatio/management/accounts", headers });
          expectRefusal(answer, 401, "authz.permission_denied");
        }
      });

      expect(received).toEqual([]);
    });
  });

  test("a body that is too long is told so in JSON", async () => {
    const answer = await send({
      ...{ method: "POST", path: ORDERS, headers: await member() },
      body: Buffer.alloc(2 * 1024 * 1024),
    });

    expectRefusal(answer, 413, "request.body_too_large");
  });

  test("many at once each get their own answer", async () => {
    const cookie = await signIn(house.app, await activeMember(house.app));
    const kinds = [
      { request: { path: ORDERS, headers: { cookie } }, status: 200 },
      { request: { path: ORDERS }, status: 401 },
      { request: { path: ORDERS, headers: { "x-auth-nonce": "1" } }, status: 422 },
    ];

    const statuses = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const kind = kinds[index % kinds.length];
        const { status } = await send(kind?.request ?? { path: "/" });
        return status === kind?.status;
      }),
    );

    expect(statuses).toEqual(Array(60).fill(true));
  });
});
