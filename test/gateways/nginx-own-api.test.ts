import { describe, expect, test } from "vitest";
import { testGateways } from "../support/nginx.js";
import { activeMember, freshEmail, signIn } from "../support/rest.js";
import { PASSWORD } from "../support/start-app.js";
import { expectRefusal, houseBehind } from "./house.js";

const MARKETS = "/api/v2/peatio/public/markets";

describe.each(testGateways())("the server's own API behind nginx (%s)", (program) => {
  const house = houseBehind(program);
  const { send } = house;

  test("is used through it: signing in sets the cookie, which then is a session", async () => {
    const email = await activeMember(house.app);
    const path = "/api/v2/barong/identity/sessions";
    const headers = { "content-type": "application/json" };

    const entered = await send({
      ...{ method: "POST", path, headers },
      body: JSON.stringify({ email, password: PASSWORD }),
    });
    const [line = ""] = entered.headers.getSetCookie();
    const cookie = line.split(";")[0] ?? "";
    const me = await send({ path: "/api/v2/barong/resource/users/me", headers: { cookie } });
    const left = await send({ method: "DELETE", path, headers: { cookie } });

    expect(entered.status).toBe(201);
    expect(line).toMatch(/^_barong_session=[^;]+;.*HttpOnly/i);
    expect(me).toMatchObject({ status: 200, body: { email, state: "active" } });
    expect(left.status).toBe(204);
  });

  test("answers in its own words through it", async () => {
    const body = JSON.stringify({ email: freshEmail(), password: "wrong" });
    const headers = { "content-type": "application/json" };
    const path = "/api/v2/barong/identity/sessions";

    const answer = await send({ method: "POST", path, headers, body });

    expectRefusal(answer, 401, "identity.session.invalid_params");
  });

  test("takes in documents that are longer than other requests may be", async () => {
    const email = await activeMember(house.app);
    const cookie = await signIn(house.app, email);
    const form = new FormData();
    form.append("upload[]", new Blob([new Uint8Array(9 * 1024 * 1024)]), "scan.pdf");
    const content = new Response(form);
    const type = content.headers.get("content-type") ?? "";

    const answer = await send({
      ...{ method: "POST", path: "/api/v2/barong/resource/documents" },
      headers: { cookie, "content-type": type },
      body: Buffer.from(await content.arrayBuffer()),
    });

    expect(answer).toMatchObject({
      status: 400,
      body: { errors: expect.arrayContaining(["resource.document.missing_doc_type"]) },
    });
  });

  test("does not answer the gateways' question to clients, nor does nginx itself", async () => {
    const headers = {
      cookie: await signIn(house.app, await activeMember(house.app)),
      "x-original-uri": MARKETS,
      "x-original-method": "GET",
    };

    for (const path of [
      ...["/api/v2/barong/auth/api/v2/peatio/orders", "/api/v2/barong/auth/", "/api/v2/barong/auth"],
      ...["/api/v2/barong/%61uth/", "/api/v2/barong//auth/", "/api/v2/barong/x/../auth/"],
      ...["/_question", "/_refusal", "/%5fquestion", "/nowhere", "/"],
    ]) {
      const answer = await send({ path, headers });
      expect(answer).toMatchObject({ status: 404, body: { errors: ["record.not_found"] } });
      expect(answer.headers.get("authorization")).toBeNull();
    }
  });
});
