import { expect, test } from "vitest";
import { UserService } from "../../../gen/barong/resource/v1/user_service_pb.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { describeEachDatabase } from "../../support/databases.js";
import { keyOfMember, type MemberKey } from "../../support/key-owner.js";
import { type PlainRequest, send as sendPlain } from "../../support/plain-http.js";
import { type Answer, expectRefusal, rest } from "../../support/rest.js";
import { reasonsOf, rpcClient, rpcDoors } from "../../support/rpc.js";
import { freshNonce, type KeyHeaders, signedByNonce, signedByRequest } from "../../support/signing.js";
import { startedApp } from "../../support/start-app.js";

const ORDERS = "/api/v2/peatio/market/orders";
const TARGET = `${ORDERS}?market=btcusd&limit=5`;

describeEachDatabase("API keys", (database) => {
  const app = startedApp(database, { environment: { TRUSTED_PROXIES: "127.0.0.1", AUTHZ_CACHE_MS: "0" } });

  /** Asks as a gateway does about a request with these headers. */
  const ask = (headers: Record<string, string>, { verb = "GET", target = TARGET } = {}): Promise<Answer> =>
    rest(app, verb, `/auth${target}`, { headers });

  const schemes: [string, (key: MemberKey) => KeyHeaders][] = [
    ["the nonce", (key) => signedByNonce(key)],
    ["the request", (key) => signedByRequest(key, { target: TARGET })],
  ];

  /** Asks once more with the nonce of now, signed either way; every answer must be this refusal. */
  async function expectRefused(key: MemberKey, status: number, code: string): Promise<void> {
    for (const [, sign] of schemes) {
      const answer = await ask(sign(key));
      expectRefusal(answer, status, code);
      expect(answer.headers.get("authorization")).toBeNull();
    }
  }

  test.each(schemes)(
    "signed over %s pass, and the token they get opens the owner's own account",
    async (_, sign) => {
      const key = await keyOfMember(app);

      const answer = await ask(sign(key));

      expect(answer).toMatchObject({ status: 200, body: "" });
      expect(answer.headers.get("set-cookie")).toBeNull();
      const authorization = answer.headers.get("authorization") ?? "";
      const me = await rest(app, "GET", "/resource/users/me", { headers: { authorization } });
      expect(me).toMatchObject({ status: 200, body: { email: key.email } });
    },
  );

  test("sign requests of any method", async () => {
    const key = await keyOfMember(app);

    for (const verb of ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]) {
      const answer = await ask(signedByRequest(key, { verb, target: TARGET }), { verb });
      expect([verb, answer.status]).toEqual([verb, 200]);
      expect(answer.headers.get("authorization")).toMatch(/^Bearer /);
    }
  });

  test("without all of their headers, or with blank ones, are refused, whatever cookie there is", async () => {
    const key = await keyOfMember(app);

    for (const [, sign] of schemes) {
      const headers: Record<string, string> = sign(key);
      for (const name of Object.keys(headers)) {
        const { [name]: value = "", ...others } = headers;
        for (const partly of [others, { ...others, [name]: "" }, { ...others, [name]: "   " }]) {
          const answer = await ask({ ...partly, cookie: "_barong_session=AAAA" });
          expectRefusal(answer, 422, "authz.invalid_api_key_headers");
          expect(answer.headers.get("authorization")).toBeNull();
        }
        const doubled = { path: `/api/v2/auth${TARGET}`, headers: { ...others, [name]: [value, value] } };
        const refused = await sendPlain(app.httpPort, doubled);
        expect(refused).toMatchObject({ status: 422, body: { errors: ["authz.invalid_api_key_headers"] } });
      }
    }
    for (const name of ["x-auth-apikey", "x-auth-nonce", "x-auth-signature"])
      expectRefusal(await ask({ [name]: "x" }), 422, "authz.invalid_api_key_headers");
  });

  test("with headers that are as long as a server reads are refused for what they are", async () => {
    const key = await keyOfMember(app);
    const long = "a".repeat(12_000);
    const good = signedByRequest(key, { target: TARGET });

    expectRefusal(await ask({ ...good, "x-auth-apikey": long }), 401, "authz.unexistent_apikey");
    expectRefusal(await ask({ ...good, "x-auth-nonce": long }), 401, "authz.nonce_not_valid_timestamp");
    expectRefusal(await ask({ ...good, "x-auth-signature": `v2=${long}` }), 401, "authz.invalid_signature");
    const refused = await ask({ ...good, "x-auth-content-sha256": long });
    expectRefusal(refused, 422, "authz.invalid_api_key_headers");
    expect((await ask(good)).status).toBe(200);
  });

  test("that nobody has, and signatures that are wrong, do not pass", async () => {
    const key = await keyOfMember(app);

    await expectRefused({ ...key, kid: "0011223344556677" }, 401, "authz.unexistent_apikey");
    await expectRefused({ ...key, kid: `${key.kid}0` }, 401, "authz.unexistent_apikey");
    await expectRefused({ ...key, secret: "0".repeat(32) }, 401, "authz.invalid_signature");
    const random = { ...signedByNonce(key), "x-auth-signature": "fd5bf9d1c9d0a2ea0a2b2e1fa8b8b7e0" };
    expectRefusal(await ask(random), 401, "authz.invalid_signature");
  });

  test("that are switched off do not pass", async () => {
    const key = await keyOfMember(app);
    const own = { userId: key.accountId, kid: key.kid };

    for (const state of ["inactive", "disabled"] as const) {
      await app.rooms.apiKeys.change(own, { state });
      await expectRefused(key, 401, "authz.apikey_not_active");
    }
    await app.rooms.apiKeys.delete(own);
    await expectRefused(key, 401, "authz.unexistent_apikey");
  });

  test("whose owner is banned, or has no second factor any more, do not pass", async () => {
    const key = await keyOfMember(app);
    const owner = { id: key.accountId };
    const { accounts } = app.rooms;

    await app.database.transaction((tx) => accounts.setOtp(owner, false, tx));
    await expectRefused(key, 401, "authz.disabled_2fa");
    await app.database.transaction((tx) => accounts.setState(owner, "banned", tx));
    await expectRefused(key, 401, "authz.invalid_session");
  });

  test("do not open what is blocked, and get no token for what is open to everybody", async () => {
    const key = await keyOfMember(app);
    const blocked = "/api/v2/peatio/management/ping";
    const open = "/api/v2/peatio/public/ping";

    for (const headers of [signedByNonce(key), signedByRequest(key, { target: blocked })])
      expectRefusal(await ask(headers, { target: blocked }), 401, "authz.permission_denied");
    for (const headers of [signedByNonce(key), signedByRequest(key, { target: open })]) {
      const answer = await ask(headers, { target: open });
      expect(answer).toMatchObject({ status: 200, body: "" });
      expect(answer.headers.get("authorization")).toBeNull();
    }
  });

  test("sign at about the time the server has", async () => {
    const key = await keyOfMember(app);
    const now = Date.now();
    const nonces: [string, string][] = [
      [String(now - 30_000), "authz.nonce_expired"],
      [String(now + 30_000), "authz.nonce_expired"],
      [String(Math.floor(now / 1000)), "authz.nonce_expired"],
      ["0", "authz.nonce_not_valid_timestamp"],
      ["-1", "authz.nonce_not_valid_timestamp"],
      ["soon", "authz.nonce_not_valid_timestamp"],
      [`${now}.5`, "authz.nonce_not_valid_timestamp"],
    ];

    for (const [nonce, code] of nonces) {
      expectRefusal(await ask(signedByNonce(key, { nonce })), 401, code);
      expectRefusal(await ask(signedByRequest(key, { nonce, target: TARGET })), 401, code);
    }
    const whole = { ...signedByNonce(key, { nonce: `${now}-1` }) };
    expectRefusal(await ask(whole), 401, "authz.nonce_not_valid_timestamp");
  });

  test("sign a request for one use, also when its copies arrive together", async () => {
    const key = await keyOfMember(app);
    const headers = signedByRequest(key, { target: TARGET });

    const answers = await Promise.all(Array.from({ length: 30 }, () => ask(headers)));

    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 200))
      expectRefusal(answer, 401, "authz.nonce_reused");
    expectRefusal(await ask(headers), 401, "authz.nonce_reused");
  });

  test("sign method, path, query and time: a request that differs in one of them does not pass", async () => {
    const key = await keyOfMember(app);
    const headers = signedByRequest(key, { target: TARGET });
    const elsewhere = async (line: { verb?: string; target?: string }) =>
      expectRefusal(await ask(headers, line), 401, "authz.invalid_signature");

    await elsewhere({ verb: "POST" });
    for (const target of [
      ...[ORDERS, `${ORDERS}?`, `${ORDERS}?limit=5&market=btcusd`, `${TARGET}&x=1`, `${ORDERS}/1`],
      ...[`/api/v2/peatio//market/orders?market=btcusd&limit=5`, `${ORDERS}?market=btc%75sd&limit=5`],
    ])
      await elsewhere({ target });
    const later = { ...headers, "x-auth-nonce": freshNonce() };
    expectRefusal(await ask(later), 401, "authz.invalid_signature");
    const another = { ...headers, "x-auth-content-sha256": "0".repeat(64) };
    expectRefusal(await ask(another), 401, "authz.invalid_signature");
    expect((await ask(headers)).status).toBe(200);
  });

  test("sign the body, which is compared where a gateway hands it on", async () => {
    const key = await keyOfMember(app);
    const body = '{"volume":"1.5"}';
    const question = (sent: string | undefined, headers: KeyHeaders): PlainRequest => ({
      ...{ method: "POST", path: `/api/v2/auth${TARGET}`, headers },
      ...(sent !== undefined && { body: sent }),
    });
    const sign = () => signedByRequest(key, { verb: "POST", target: TARGET, body });

    for (const wrong of ['{"volume":"9.5"}', `${body} `, body.repeat(100_000)]) {
      const refused = await sendPlain(app.httpPort, question(wrong, sign()));
      expect(refused).toMatchObject({ status: 401, body: { errors: ["authz.invalid_body_hash"] } });
    }
    for (const sent of [body, undefined])
      expect((await sendPlain(app.httpPort, question(sent, sign()))).status).toBe(200);
    const bodiless = signedByRequest(key, { verb: "POST", target: TARGET });
    expect(await sendPlain(app.httpPort, question(body, bodiless))).toMatchObject({ status: 401 });
  });

  test("are bound to the addresses they name, as trusted proxies tell them", async () => {
    const allowedIps = ["198.51.100.0/24", "2001:db8::/32"];
    const key = await keyOfMember(app, { allowedIps });
    const from = (ip: string) => ask({ ...signedByNonce(key), "x-forwarded-for": ip });

    for (const ip of ["198.51.100.7", "2001:db8:7::1", "::ffff:198.51.100.9", "203.0.113.7, 198.51.100.7"])
      expect([ip, (await from(ip)).status]).toEqual([ip, 200]);
    for (const ip of ["203.0.113.7", "2001:db9::1", "198.51.100.7, 203.0.113.7"])
      expectRefusal(await from(ip), 401, "authz.apikey_ip_refused");
    await expectRefused(key, 401, "authz.apikey_ip_refused");
  });

  test("end at their time", async () => {
    const ended = await keyOfMember(app, { expiresAt: secondsAfter(new Date(), -1) });
    const good = await keyOfMember(app, { expiresAt: secondsAfter(new Date(), 60) });

    await expectRefused(ended, 401, "authz.apikey_expired");
    for (const [, sign] of schemes) expect((await ask(sign(good))).status).toBe(200);
  });

  test("that are guessed at from one address are answered there alone that it is too much", async () => {
    const key = await keyOfMember(app);
    const from = (ip: string, secret: string) =>
      ask({ ...signedByRequest({ ...key, secret }, { target: TARGET }), "x-forwarded-for": ip });
    const guesses = await Promise.all(
      Array.from({ length: 100 }, (_, guess) => from("203.0.113.7", String(guess).padStart(32, "0"))),
    );
    for (const guess of guesses) expectRefusal(guess, 401, "authz.invalid_signature");

    const held = await from("203.0.113.7", key.secret);

    expectRefusal(held, 429, "server.too_many_requests");
    expect(Number(held.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await from("203.0.113.8", key.secret)).status).toBe(200);
  });

  test("open the server's own methods without a gateway, each request once and with the body it signed", async () => {
    const key = await keyOfMember(app);
    const target = "/api/v2/resource/labels";
    const body = '{"key":"desk","value":"spot"}';
    const create = (sent: string, headers: KeyHeaders) =>
      rest(app, "POST", "/resource/labels", {
        raw: sent,
        headers: { ...headers, "content-type": "application/json" },
      });
    const headers = signedByRequest(key, { verb: "POST", target, body });

    const altered = signedByRequest(key, { verb: "POST", target, body });
    expectRefusal(await create(body.replace("spot", "futures"), altered), 401, "authz.invalid_body_hash");
    expectRefusal(await create(body, altered), 401, "authz.nonce_reused");
    expect(await create(body, headers)).toMatchObject({ status: 201, body: { key: "desk", value: "spot" } });
    expectRefusal(await create(body, headers), 401, "authz.nonce_reused");
    const query = `${target}?page=1&limit=1`;
    const listed = await rest(app, "GET", "/resource/labels?page=1&limit=1", {
      headers: signedByRequest(key, { target: query }),
    });
    expect(listed.status).toBe(200);
    expect((await rest(app, "GET", "/resource/users/me", { headers: signedByNonce(key) })).status).toBe(200);
  });

  test("over REST need no origin, as no page has their secret", async () => {
    const key = await keyOfMember(app);
    const headers = { ...signedByNonce(key), origin: "https://evil.example", "sec-fetch-site": "cross-site" };

    const created = await rest(app, "POST", "/resource/labels", {
      json: { key: "desk", value: "spot" },
      headers,
    });

    expect(created.status).toBe(201);
  });

  test.each(rpcDoors)("open methods over %s", async (door) => {
    const key = await keyOfMember(app);
    const target = `/${UserService.typeName}/${UserService.method.getMe.name}`;
    const headers = signedByRequest(key, { verb: "POST", target });

    const byRequest = rpcClient(app, door, UserService, headers);
    const { user } = await byRequest.getMe({});
    expect(user?.email).toBe(key.email);
    expect(await reasonsOf(byRequest.getMe({}))).toEqual(["authz.nonce_reused"]);
    const byNonce = rpcClient(app, door, UserService, signedByNonce(key));
    expect((await byNonce.getMe({})).user?.email).toBe(key.email);
    const wrong = rpcClient(app, door, UserService, signedByNonce({ ...key, secret: "0".repeat(32) }));
    expect(await reasonsOf(wrong.getMe({}))).toEqual(["authz.invalid_signature"]);
    const otherBody = signedByRequest(key, { verb: "POST", target, body: "x" });
    const altered = rpcClient(app, door, UserService, otherBody);
    expect(await reasonsOf(altered.getMe({}))).toEqual(["authz.invalid_body_hash"]);
  });
});

describeEachDatabase("API keys where clients of Barong 2.0 are let in", (database) => {
  const environment = { API_KEY_NONCE_WINDOW_MS: "0", API_KEY_SCHEMES: "nonce" };
  const app = startedApp(database, { environment });

  test("may sign any nonce any number of times, and nothing else", async () => {
    const key = await keyOfMember(app);
    const ask = (headers: KeyHeaders) => rest(app, "GET", `/auth${TARGET}`, { headers });

    for (const nonce of ["1551177848", "1551177848", "any", "0"])
      expect((await ask(signedByNonce(key, { nonce }))).status).toBe(200);
    const whole = await ask(signedByRequest(key, { target: TARGET }));
    expectRefusal(whole, 401, "authz.invalid_signature");
  });
});
