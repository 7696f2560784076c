import { describe, expect, test } from "vitest";
import { testGateways } from "../support/nginx.js";
import { freshNonce, signedByNonce, signedByRequest } from "../support/signing.js";
import { apiKeyOf, claimsIn, expectRefusal, houseBehind } from "./house.js";

const ORDERS = "/api/v2/peatio/market/orders";

describe.each(testGateways())("an API key behind nginx (%s)", (program) => {
  const house = houseBehind(program);
  const { send, receivedBy } = house;

  test("reaches the service as a token, signed either way, and leaves its proofs here", async () => {
    const key = await apiKeyOf(house);
    const [target, body, verb] = [`${ORDERS}?limit=5&x=%20`, '{"volume":"1.5"}', "POST"];
    const ways = [
      signedByNonce(key, { nonce: String(house.now().getTime()) }),
      signedByRequest(key, { verb, target, body, nonce: freshNonce(house.now()) }),
    ];

    const received = await receivedBy(async () => {
      for (const headers of ways)
        expect((await send({ method: verb, path: target, headers, body })).status).toBe(200);
    });

    expect(received).toHaveLength(2);
    for (const { headers, body: content } of received) {
      expect(content.toString()).toBe(body);
      expect(await claimsIn(house, headers.authorization)).toMatchObject({ sub: "session", role: "member" });
      expect(Object.keys(headers).filter((name) => /^x-auth-(?!content)/.test(name))).toEqual([]);
    }
  });

  test("is refused by what is wrong with it, asked about once", async () => {
    const key = await apiKeyOf(house);
    const signed = (target: string) => signedByRequest(key, { target, nonce: freshNonce(house.now()) });
    const once = signed(ORDERS);
    const { "x-auth-nonce": _, ...incomplete } = signed(ORDERS);
    expect((await send({ path: ORDERS, headers: once })).status).toBe(200);

    const received = await receivedBy(async () => {
      expectRefusal(await send({ path: ORDERS, headers: once }), 401, "authz.nonce_reused");
      const elsewhere = { path: ORDERS, headers: signed(`${ORDERS}?more`) };
      expectRefusal(await send(elsewhere), 401, "authz.invalid_signature");
      const half = { path: ORDERS, headers: incomplete };
      expectRefusal(await send(half), 422, "authz.invalid_api_key_headers");
    });

    expect(received).toEqual([]);
  });

  test("that is bound to an address is not to be used from another one that says it is that one", async () => {
    const [mine, foreign] = [
      await apiKeyOf(house, { allowed_ips: "127.0.0.1" }),
      await apiKeyOf(house, { allowed_ips: "203.0.113.7" }),
    ];
    const headersOf = (key: typeof mine) => ({
      ...signedByRequest(key, { target: ORDERS, nonce: freshNonce(house.now()) }),
      ...{ "x-forwarded-for": "203.0.113.7", "x-real-ip": "203.0.113.7", forwarded: "for=203.0.113.7" },
    });

    const refused = await send({ path: ORDERS, headers: headersOf(foreign) });
    const allowed = await send({ path: ORDERS, headers: headersOf(mine) });

    expectRefusal(refused, 401, "authz.apikey_ip_refused");
    expect(allowed.status).toBe(200);
  });
});
