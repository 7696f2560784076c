import { expect, test } from "vitest";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember, expectRefusal, rest, signIn } from "../../support/rest.js";
import { startedApp } from "../../support/start-app.js";

describeEachDatabase("the gateway's question in headers of a trusted proxy", (database) => {
  const app = startedApp(database, { environment: { TRUSTED_PROXIES: "127.0.0.1" } });

  const ask = (headers: Record<string, string>, path = "/auth/") => rest(app, "GET", path, { headers });

  const nginx = (uri: string, method = "GET") => ({ "x-original-uri": uri, "x-original-method": method });
  const traefik = (uri: string, method = "GET") => ({
    "x-forwarded-uri": uri,
    "x-forwarded-method": method,
    "x-forwarded-proto": "https",
    "x-forwarded-host": "www.example.com",
    "x-forwarded-for": "203.0.113.9",
  });

  test.each([
    ["nginx", nginx],
    ["Traefik", traefik],
  ])("%s gets the same verdicts as Envoy", async (_name, of) => {
    const cookie = await signIn(app, await activeMember(app));

    const passed = await ask({ ...of("/api/v2/orders?x=1", "POST"), cookie });
    expect(passed).toMatchObject({ status: 200, body: "" });
    expect(passed.headers.get("authorization")).toMatch(/^Bearer /);
    expect(await ask(of("/api/v2/peatio/public/markets"))).toMatchObject({ status: 200, body: "" });
    expectRefusal(await ask(of("/api/v2/orders")), 401, "authz.invalid_session");
    expectRefusal(await ask({ ...of("/api/v2/peatio/management"), cookie }), 401, "authz.permission_denied");
    expectRefusal(
      await ask({ ...of("/api/v2/peatio/public/%2e%2e/x"), cookie }),
      401,
      "authz.permission_denied",
    );
  });

  test("the method of the request counts, and not that of the question", async () => {
    const cookie = await signIn(app, await activeMember(app));
    const foreign = { cookie, origin: "https://evil.example", "sec-fetch-mode": "cors" };

    expect((await ask({ ...nginx("/api/v2/orders"), ...foreign })).status).toBe(200);
    expectRefusal(await ask({ ...nginx("/api/v2/orders", "POST"), ...foreign }), 403, "authz.origin_refused");
  });

  test("what a client smuggles in beside the proxy's own headers lets nobody through", async () => {
    const cookie = await signIn(app, await activeMember(app));
    const open = "/api/v2/peatio/public/markets";

    for (const headers of [
      { ...nginx("/api/v2/peatio/management"), "x-forwarded-uri": open },
      { ...traefik("/api/v2/peatio/management"), "x-original-uri": open },
      { ...nginx("/api/v2/orders", "DELETE"), "x-forwarded-method": "GET" },
    ]) {
      expectRefusal(await ask({ ...headers, cookie }), 401, "authz.permission_denied");
    }
    expectRefusal(
      await ask({ ...nginx(open), cookie }, "/auth/api/v2/orders"),
      401,
      "authz.permission_denied",
    );
  });

  test("an address that the client wrote into X-Forwarded-For in front of the proxy's is not the client's", async () => {
    const email = await activeMember(app);
    const cookie = await signIn(app, email);
    const admin = { cookie: await signIn(app, "admin@barong.io") };
    const audit = { role: "member", verb: "ALL", path: "api/v2/orders", action: "audit" };
    const made = await rest(app, "POST", "/admin/permissions", { json: audit, headers: admin });

    await ask({ ...nginx("/api/v2/orders"), cookie, "x-forwarded-for": "10.9.9.9, 203.0.113.9" });

    const { body } = await rest(app, "GET", "/resource/users/activity/all", { headers: { cookie } });
    expect(
      (body as { topic: string; user_ip: string }[]).find(({ topic }) => topic === "gateway"),
    ).toMatchObject({ user_ip: "203.0.113.9", action: "audit", result: "succeed" });
    const { id } = made.body as { id: number };
    await rest(app, "DELETE", `/admin/permissions?id=${id}`, { headers: admin });
  });
});
