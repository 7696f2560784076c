import { expect, test } from "vitest";
import { UserService } from "../../../gen/barong/resource/v1/user_service_pb.js";
import { describeEachDatabase } from "../../support/databases.js";
import { keyOfMember, type MemberKey } from "../../support/key-owner.js";
import {
  type Answer,
  activeMember,
  bearerFor,
  expectRefusal,
  post,
  rest,
  signIn,
} from "../../support/rest.js";
import { reasonsOf, rpcClient, rpcDoors } from "../../support/rpc.js";
import { signedByNonce, signedByRequest } from "../../support/signing.js";
import { asAdministrator } from "../../support/staff.js";
import { startedApp } from "../../support/start-app.js";

const LABELS = "/api/v2/resource/labels";

describeEachDatabase("tokens that a gateway gets for API keys", (database) => {
  const app = startedApp(database, { environment: { TRUSTED_PROXIES: "127.0.0.1" } });

  /** As a gateway asks, for a client at this address. */
  async function tokenFor(key: MemberKey, ip = "203.0.113.7"): Promise<string> {
    const headers = { ...signedByNonce(key), "x-forwarded-for": ip };
    const passed = await rest(app, "GET", "/auth/api/v2/barong/resource/users/me", { headers });
    expect(passed.status).toBe(200);
    return passed.headers.get("authorization") ?? "";
  }

  const me = (authorization: string, ip = "203.0.113.7"): Promise<Answer> =>
    rest(app, "GET", "/resource/users/me", { headers: { authorization, "x-forwarded-for": ip } });

  test("are good for as long as the key may be used, and no longer", async () => {
    const key = await keyOfMember(app);
    const own = { userId: key.accountId, kid: key.kid };
    const token = await tokenFor(key);
    const { apiKeys, accounts } = app.rooms;
    expect(await me(token)).toMatchObject({ status: 200, body: { email: key.email } });

    await apiKeys.change(own, { state: "disabled" });
    expectRefusal(await me(token), 401, "authz.apikey_not_active");
    await apiKeys.change(own, { state: "active", expiresAt: new Date(Date.now() - 1000) });
    expectRefusal(await me(token), 401, "authz.apikey_expired");
    await apiKeys.change(own, { expiresAt: new Date(Date.now() + 60_000) });
    expect((await me(token)).status).toBe(200);
    await apiKeys.delete(own);
    expectRefusal(await me(token), 401, "jwt.decode_and_verify");

    const other = await keyOfMember(app);
    const gone = await tokenFor(other);
    await app.database.transaction((tx) => accounts.setState({ id: other.accountId }, "banned", tx));
    expectRefusal(await me(gone), 401, "authz.user_not_active");
  });

  test("are bound to the addresses of the key, through every door", async () => {
    const key = await keyOfMember(app, { allowedIps: ["203.0.113.0/24"] });
    const authorization = await tokenFor(key);

    expect((await me(authorization, "203.0.113.99")).status).toBe(200);
    expectRefusal(await me(authorization, "198.51.100.1"), 401, "authz.apikey_ip_refused");
    for (const door of rpcDoors) {
      const from = (ip: string) =>
        rpcClient(app, door, UserService, { authorization, "x-forwarded-for": ip }).getMe({});
      expect((await from("203.0.113.99")).user?.email).toBe(key.email);
      expect(await reasonsOf(from("198.51.100.1"))).toEqual(["authz.apikey_ip_refused"]);
    }
  });

  test("have the words of the key's scope as they are now, and sessions have none", async () => {
    const headers = await asAdministrator(app);
    const trader = await keyOfMember(app, { scope: ["read", "trade"] });
    const reader = await keyOfMember(app, { scope: ["read"] });
    const drop = { role: "member", verb: "ALL", path: "api/v2/barong/resource/users", action: "drop" };
    const { body } = await post(app, "/admin/permissions", { ...drop, scope: "trade" }, headers);
    try {
      const [trading, reading] = [await bearerOf(trader), await bearerOf(reader)];
      const person = await bearerFor(app, await signIn(app, await activeMember(app)));

      expectRefusal(await me(trading), 401, "authz.invalid_permission");
      expect((await me(reading)).status).toBe(200);
      expect((await me(person)).status).toBe(200);
      await app.rooms.apiKeys.change({ userId: trader.accountId, kid: trader.kid }, { scope: ["read"] });
      expect((await me(trading)).status).toBe(200);
    } finally {
      const { id } = body as { id: number };
      await rest(app, "DELETE", `/admin/permissions?id=${id}`, { headers });
    }
  });

  /** For a path that no permission here is about. */
  async function bearerOf(key: MemberKey): Promise<string> {
    const passed = await rest(app, "GET", "/auth/api/v2/orders", { headers: signedByNonce(key) });
    expect(passed.status).toBe(200);
    return passed.headers.get("authorization") ?? "";
  }

  test("come with the hash that was signed, and then with no other body", async () => {
    const key = await keyOfMember(app);
    const authorization = await tokenFor(key);
    const body = '{"key":"desk","value":"spot"}';
    const { "x-auth-content-sha256": hash = "", ...proofs } = signedByRequest(key, {
      verb: "POST",
      target: LABELS,
      body,
    });
    const create = (sent: string, headers: Record<string, string>) =>
      rest(app, "POST", "/resource/labels", {
        raw: sent,
        headers: { "content-type": "application/json", authorization, ...headers },
      });
    const other = body.replace("spot", "futures");

    for (const kept of [{}, proofs])
      expectRefusal(
        await create(other, { "x-auth-content-sha256": hash, ...kept }),
        401,
        "authz.invalid_body_hash",
      );
    expect((await create(body, { "x-auth-content-sha256": hash })).status).toBe(201);
    const bodiless = signedByRequest(key, { verb: "POST", target: LABELS })["x-auth-content-sha256"] ?? "";
    expectRefusal(await create(body, { "x-auth-content-sha256": bodiless }), 401, "authz.invalid_body_hash");
    const read = { authorization, "x-auth-content-sha256": bodiless };
    expect((await rest(app, "GET", "/resource/labels", { headers: read })).status).toBe(200);
  });

  test("come without a hash that counts where the nonce alone was signed, as tokens of sessions do", async () => {
    const key = await keyOfMember(app);
    const person = await bearerFor(app, await signIn(app, await activeMember(app)));
    const hash = { "x-auth-content-sha256": "0".repeat(64) };
    const ways = [
      { authorization: await tokenFor(key), ...hash, ...signedByNonce(key) },
      { authorization: person, ...hash },
    ];

    for (const headers of ways) {
      const json = { key: "desk", value: "spot" };
      expect((await rest(app, "POST", "/resource/labels", { json, headers })).status).toBe(201);
    }
  });
});
