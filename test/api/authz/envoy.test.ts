import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  CheckRequestSchema,
  CheckResponseSchema,
} from "../../../gen/envoy/service/auth/v3/external_auth_pb.js";
import { describeEachDatabase } from "../../support/databases.js";
import { checkRequest, type EnvoyVerdict, envoyFilter } from "../../support/envoy.js";
import { keyOfMember } from "../../support/key-owner.js";
import { activeMember, rest, signIn } from "../../support/rest.js";
import { signedByRequest } from "../../support/signing.js";
import { startedApp } from "../../support/start-app.js";

const denial = (status: number, code: string): Partial<EnvoyVerdict> => ({
  allowed: false,
  status,
  body: { errors: [code] },
  headers: { "content-type": "application/json" },
});

describeEachDatabase("the gateway's question over Envoy's gRPC protocol", (database) => {
  const app = startedApp(database);
  let envoy: ReturnType<typeof envoyFilter>;
  beforeAll(() => {
    envoy = envoyFilter(app);
  });
  afterAll(() => envoy.close());

  test("a session's request gets a bearer in place of whatever the client sent, and metadata", async () => {
    const email = await activeMember(app);
    const cookie = await signIn(app, email);
    const account = await app.rooms.accounts.byEmail(email);

    for (const asList of [false, true]) {
      const verdict = await envoy.ask({
        path: "/api/v2/peatio/orders?x=1",
        headers: { cookie, authorization: "Bearer forged" },
        asList,
      });

      expect(verdict).toMatchObject({
        allowed: true,
        headers: { authorization: expect.stringMatching(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/) },
        metadata: { uid: account?.uid, role: "member", level: 1 },
      });
    }
  });

  test("the verdict is that of the HTTP endpoint, token included", async () => {
    const cookie = await signIn(app, await activeMember(app));

    const byHttp = await rest(app, "GET", "/auth/api/v2/peatio/orders", { headers: { cookie } });
    const byGrpc = await envoy.ask({ path: "/api/v2/peatio/orders", headers: { cookie } });

    expect(byGrpc.headers.authorization).toBe(byHttp.headers.get("authorization"));
  });

  test("the same request is answered the same, byte by byte, until the account changes", async () => {
    const email = await activeMember(app);
    const cookie = await signIn(app, email);
    const id = (await app.rooms.accounts.byEmail(email))?.id ?? 0;
    const question = checkRequest({ path: "/api/v2/peatio/orders", headers: { cookie } });
    const bytes = async () => toBinary(CheckResponseSchema, await envoy.check(question));

    const first = await bytes();
    expect(await bytes()).toEqual(first);
    await app.database.transaction((tx) => app.rooms.accounts.setLevel({ id }, 3, tx));

    expect(await bytes()).not.toEqual(first);
    expect(await envoy.ask({ path: "/api/v2/peatio/orders", headers: { cookie } })).toMatchObject({
      allowed: true,
      metadata: { level: 3 },
    });
  });

  test("proofs that are for the server alone do not reach the service behind", async () => {
    const cookie = await signIn(app, await activeMember(app));

    const { removed } = await envoy.ask({ path: "/api/v2/peatio/orders", headers: { cookie } });

    expect(removed).toEqual(["x-auth-apikey", "x-auth-nonce", "x-auth-signature"]);
  });

  test("a path open to everybody passes without a token, also without one of the client's own", async () => {
    const verdict = await envoy.ask({ path: "/api/v2/peatio/public/markets" });

    expect(verdict).toEqual({
      allowed: true,
      headers: {},
      removed: ["authorization", "x-auth-apikey", "x-auth-nonce", "x-auth-signature"],
    });
  });

  test("a refusal has the status and the body of the HTTP endpoint", async () => {
    const cookie = await signIn(app, await activeMember(app));

    expect(await envoy.ask({ path: "/api/v2/orders" })).toMatchObject(denial(401, "authz.invalid_session"));
    expect(await envoy.ask({ path: "/api/v2/peatio/management/x", headers: { cookie } })).toMatchObject(
      denial(401, "authz.permission_denied"),
    );
    expect(await envoy.ask({ path: "/a/%2e%2e/b", headers: { cookie } })).toMatchObject(
      denial(401, "authz.permission_denied"),
    );
    expect(await envoy.ask({ path: "/a", headers: { "x-auth-apikey": "61d025b8573501c2" } })).toMatchObject(
      denial(422, "authz.invalid_api_key_headers"),
    );
  });

  test("a request that changes something does not pass with the cookie from a foreign page", async () => {
    const cookie = await signIn(app, await activeMember(app));
    const headers = { cookie, origin: "https://evil.example", "sec-fetch-mode": "cors" };
    const own = { cookie, origin: "https://www.example.com" };

    expect(await envoy.ask({ method: "POST", path: "/api/v2/orders", headers })).toMatchObject(
      denial(403, "authz.origin_refused"),
    );
    expect((await envoy.ask({ method: "GET", path: "/api/v2/orders", headers })).allowed).toBe(true);
    for (const asList of [false, true])
      expect(await envoy.ask({ method: "POST", path: "/api/v2/orders", headers: own, asList })).toMatchObject(
        {
          allowed: true,
        },
      );
  });

  test("a socket is not opened with the cookie by a foreign page, which could read what it is told", async () => {
    const cookie = await signIn(app, await activeMember(app));
    const ask = (origin: string) =>
      envoy.ask({
        path: "/api/v2/ranger/private",
        headers: { cookie, origin, "sec-fetch-mode": "websocket", "sec-fetch-site": "same-site" },
      });

    expect(await ask("https://evil.example.com")).toMatchObject(denial(403, "authz.origin_refused"));
    expect((await ask("https://www.example.com")).allowed).toBe(true);
  });

  test("nor is it where neither the browser nor the gateway tells a socket from a read", async () => {
    const cookie = await signIn(app, await activeMember(app));
    const ask = (origin: string | undefined, mode?: string) =>
      envoy.ask({
        path: "/api/v2/ranger/private",
        headers: { cookie, ...(origin && { origin }), ...(mode && { "sec-fetch-mode": mode }) },
      });

    for (const origin of ["https://evil.example.com", "https://www.example.com.evil.example", "null"])
      expect(await ask(origin)).toMatchObject(denial(403, "authz.origin_refused"));
    // What browsers with that header say to be a read is one: whether the page may have the answer is between it and the service.
    for (const mode of ["cors", "no-cors"])
      expect((await ask("https://evil.example.com", mode)).allowed).toBe(true);
    for (const origin of ["https://www.example.com", undefined])
      expect((await ask(origin)).allowed).toBe(true);
  });

  test("a signed body of 960 KiB is compared, which is what the configuration of Envoy hands on", async () => {
    const key = await keyOfMember(app);
    const [path, body] = ["/api/v2/peatio/market/orders", "x".repeat(983_040)];
    const headers = signedByRequest(key, { verb: "POST", target: path, body });

    const verdict = await envoy.ask({ method: "POST", path, headers, body: Buffer.from(body) });

    expect(verdict.allowed).toBe(true);
  });

  test("a body that an API key has signed is missed where the route hands every body on, and compared with what comes", async () => {
    const key = await keyOfMember(app);
    const [path, body] = ["/api/v2/peatio/market/orders", '{"volume":"1.5"}'];
    const ask = (signed: string, sent: string, contextExtensions = {}) =>
      envoy.ask({
        ...{ method: "POST", path, contextExtensions },
        headers: signedByRequest(key, { verb: "POST", target: path, body: signed }),
        ...(sent !== "" && { body: Buffer.from(sent) }),
      });
    const differs = denial(401, "authz.invalid_body_hash");

    expect(await ask(body, "", { body: "whole" })).toMatchObject(differs);
    expect(await ask("", body, { body: "whole" })).toMatchObject(differs);
    for (const context of [{}, { body: "withheld" }]) {
      expect(await ask(body, `${body} `, context)).toMatchObject(differs);
      expect((await ask(body, "", context)).allowed).toBe(true);
    }
    for (const same of [body, ""]) expect((await ask(same, same, { body: "whole" })).allowed).toBe(true);
  });

  test("what names no request is refused", async () => {
    for (const request of [
      {},
      { attributes: {} },
      { attributes: { request: {} } },
      { attributes: { request: { http: { method: "GET" } } } },
      { attributes: { request: { http: { path: "/api/v2/peatio/public" } } } },
      { attributes: { request: { http: { method: "OPTIONS", path: "*" } } } },
    ]) {
      const { status } = await envoy.check(create(CheckRequestSchema, request));
      expect(status?.code).not.toBe(0);
    }
  });

  test("is not offered to browsers", async () => {
    const answer = await fetch(`${app.http}/envoy.service.auth.v3.Authorization/Check`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });

    expect(answer.status).toBe(404);
  });
});
