import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { expect, test } from "vitest";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember, bearerFor, expectRefusal, rest, signIn } from "../../support/rest.js";
import { startedApp } from "../../support/start-app.js";

const VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

describeEachDatabase("the gateway's question", (database) => {
  const app = startedApp(database);

  const ask = (path: string, headers: Record<string, string> = {}, method = "GET") =>
    rest(app, method, `/auth/${path}`, { headers });

  test("a session gets a bearer token for any method, without a cookie being set", async () => {
    const cookie = await signIn(app, await activeMember(app));

    for (const method of VERBS) {
      const answer = await ask("api/v2/orders?market=btcusd", { cookie }, method);
      expect(answer).toMatchObject({ status: 200, body: "" });
      expect(answer.headers.get("authorization")).toMatch(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/);
      expect(answer.headers.get("set-cookie")).toBeNull();
    }
  });

  test("a body is of no interest, whatever it is", async () => {
    const cookie = await signIn(app, await activeMember(app));

    const answer = await fetch(`${app.http}/api/v2/auth/api/v2/documents`, {
      method: "POST",
      headers: { cookie, "content-type": "application/x-anything" },
      body: Buffer.alloc(30_000_000, "x"),
    });

    expect(answer.status).toBe(200);
  });

  test("a media type is of no interest, malformed or not", async () => {
    const cookie = await signIn(app, await activeMember(app));

    for (const type of [
      "text",
      "garbage;;;",
      "a/b/c",
      "application/json; charset=bad;x",
      "multipart/form-data",
    ]) {
      const answer = await fetch(`${app.http}/api/v2/auth/api/v2/documents`, {
        method: "POST",
        headers: { cookie, "content-type": type },
        body: "x",
      });
      expect([type, answer.status]).toEqual([type, 200]);
    }
  });

  test("the query is the asked request's own business", async () => {
    const cookie = await signIn(app, await activeMember(app));

    for (const query of ["x=%", "x=%ff", "path=api/v2/peatio/public", `${"a=1&".repeat(1500)}z=1`]) {
      const answer = await ask(`api/v2/orders?${query}`, { cookie });
      expect(answer.status).toBe(200);
      expect(answer.headers.get("authorization")).toMatch(/^Bearer /);
    }
  });

  test("without a session nothing passes", async () => {
    expectRefusal(await ask("api/v2/orders"), 401, "authz.invalid_session");
    expectRefusal(
      await ask("api/v2/orders", { cookie: "_barong_session=AAAA" }),
      401,
      "authz.invalid_session",
    );
  });

  test("an account that is banned meanwhile does not pass", async () => {
    const email = await activeMember(app);
    const cookie = await signIn(app, email);
    const account = await app.rooms.accounts.byEmail(email);
    await app.database.transaction((tx) =>
      app.rooms.accounts.setState({ id: account?.id ?? 0 }, "banned", tx),
    );

    expectRefusal(await ask("api/v2/orders", { cookie }), 401, "authz.user_not_active");
  });

  test("paths open to everybody pass without a token, those open to nobody never", async () => {
    const cookie = await signIn(app, await activeMember(app));

    for (const headers of [{}, { cookie }]) {
      const open = await ask("api/v2/peatio/public/markets", headers);
      expect(open).toMatchObject({ status: 200, body: "" });
      expect(open.headers.get("authorization")).toBeNull();
      expectRefusal(await ask("api/v2/peatio/management/ping", headers), 401, "authz.permission_denied");
    }
  });

  test("no spelling of a path gets around the block list", async () => {
    const cookie = await signIn(app, await activeMember(app));
    const spellings = [
      "api/v2//peatio/management/ping",
      "/api/v2/peatio/management/ping",
      "api/v2/peatio/%6danagement/ping",
      "api/v2/peatio/public/%2e%2e/management/ping",
      "api/v2/peatio/public/%252e%252e/management/ping",
      "api/v2/peatio/public/..%2fmanagement/ping",
      "api/v2/peatio/public%5c..%5cmanagement",
      "api/v2/peatio/public/%00",
    ];
    for (const path of spellings) {
      expectRefusal(await ask(path, { cookie }), 401, "authz.permission_denied");
    }
  });

  test("the token's claims are those that the services behind the gateway require", async () => {
    const email = await activeMember(app);
    const cookie = await signIn(app, email);
    const jwks = (await (await fetch(`${app.http}/api/v2/.well-known/jwks.json`)).json()) as JSONWebKeySet;
    const token = (await bearerFor(app, cookie)).slice("Bearer ".length);

    const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), {
      issuer: "barong",
      audience: "peatio",
      subject: "session",
    });

    expect(decodeProtectedHeader(token)).toEqual({ alg: "RS256", kid: jwks.keys[0]?.kid });
    expect(payload).toEqual({
      iat: expect.any(Number),
      exp: (payload.iat ?? 0) + 900,
      sub: "session",
      iss: "barong",
      aud: ["peatio", "barong"],
      jti: expect.stringMatching(/^[0-9a-f]{20}$/),
      uid: expect.stringMatching(/^ID/),
      email,
      role: "member",
      level: 1,
      state: "active",
      referral_id: null,
    });
  });

  test("a busy session shares one token, and a changed account gets another", async () => {
    const email = await activeMember(app);
    const cookie = await signIn(app, email);

    const first = await bearerFor(app, cookie);
    expect(await bearerFor(app, cookie)).toBe(first);

    const account = await app.rooms.accounts.byEmail(email);
    await app.database.transaction((tx) =>
      app.rooms.labels.setPrivate({ id: account?.id ?? 0 }, "phone", "verified", tx),
    );
    expect(await bearerFor(app, cookie)).not.toBe(first);
  });
});
