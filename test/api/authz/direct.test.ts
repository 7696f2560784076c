import { expect, test } from "vitest";
import { SessionService as AdminSessionService } from "../../../gen/barong/admin/v1/session_service_pb.js";
import { UserService as AdminUserService } from "../../../gen/barong/admin/v1/user_service_pb.js";
import { SessionService } from "../../../gen/barong/resource/v1/session_service_pb.js";
import { UserService } from "../../../gen/barong/resource/v1/user_service_pb.js";
import { describeEachDatabase } from "../../support/databases.js";
import { keyOfMember } from "../../support/key-owner.js";
import { send } from "../../support/plain-http.js";
import { activeMember, bearerFor, expectRefusal, post, rest, signIn } from "../../support/rest.js";
import { reasonsOf, rpcClient, rpcDoors } from "../../support/rpc.js";
import { signedByRequest } from "../../support/signing.js";
import { accountWith } from "../../support/staff.js";
import { PASSWORD, startedApp } from "../../support/start-app.js";

describeEachDatabase("calls without a gateway", (database) => {
  const app = startedApp(database);

  const administrator = () => signIn(app, "admin@barong.io");

  /** Adds a permission for the time of `work`. */
  async function withPermission(permission: Record<string, unknown>, work: () => Promise<void>) {
    const cookie = await administrator();
    const made = await post(app, "/admin/permissions", permission, { cookie });
    expect(made.status).toBe(201);
    const { id } = made.body as { id: number };
    try {
      await work();
    } finally {
      await rest(app, "DELETE", `/admin/permissions?id=${id}`, { headers: { cookie } });
    }
  }

  test("are judged by the same permissions, by the path under which a gateway offers them, at every door", async () => {
    const email = await activeMember(app);
    const cookie = await signIn(app, email);
    const authorization = await bearerFor(app, cookie);
    const drop = { role: "member", verb: "ALL", path: "api/v2/barong/resource/users", action: "drop" };

    await withPermission(drop, async () => {
      for (const headers of [{ cookie }, { authorization }]) {
        expectRefusal(
          await rest(app, "GET", "/resource/users/me", { headers }),
          401,
          "authz.invalid_permission",
        );
        expectRefusal(
          await rest(app, "GET", "//resource//users/me", { headers }),
          401,
          "authz.invalid_permission",
        );
        for (const door of rpcDoors) {
          const users = rpcClient(app, door, UserService, headers);
          const sessions = rpcClient(app, door, SessionService, headers);
          expect(await reasonsOf(users.getMe({}))).toEqual(["authz.invalid_permission"]);
          expect(await reasonsOf(sessions.listSessions({}))).toEqual([]);
        }
      }
      expectRefusal(
        await rest(app, "GET", "/auth/api/v2/barong/resource/users/me", { headers: { cookie } }),
        401,
        "authz.invalid_permission",
      );
    });

    expect((await rest(app, "GET", "/resource/users/me", { headers: { cookie } })).status).toBe(200);
  });

  test("a permission for one verb leaves the others alone", async () => {
    const cookie = await signIn(app, await activeMember(app));
    const drop = { role: "*", verb: "put", path: "/api/v2/barong/resource/users", action: "drop" };

    await withPermission(drop, async () => {
      expect((await rest(app, "GET", "/resource/users/me", { headers: { cookie } })).status).toBe(200);
      const change = { old_password: PASSWORD, new_password: "Gol4aid2x", confirm_password: "Gol4aid2x" };
      const refused = await rest(app, "PUT", "/resource/users/password", {
        json: change,
        headers: { cookie },
      });
      expectRefusal(refused, 401, "authz.invalid_permission");
    });
  });

  test("a DROP that names a value holds at every door, for that value alone, and is asked for once", async () => {
    const administrators = await administrator();
    const [dropped, other] = [
      await accountWith(app, await activeMember(app)),
      await accountWith(app, await activeMember(app)),
    ];
    const path = `api/v2/barong/admin/users/${dropped.uid}`;
    const authorization = await bearerFor(app, administrators);
    const audited = { role: "admin", verb: "ALL", path, action: "audit", topic: "looks" };

    await withPermission({ role: "admin", verb: "ALL", path, action: "drop" }, () =>
      withPermission(audited, async () => {
        for (const headers of [{ cookie: administrators }, { authorization }]) {
          expectRefusal(
            await rest(app, "GET", `/admin/users/${dropped.uid}`, { headers }),
            401,
            "authz.invalid_permission",
          );
          expect((await rest(app, "GET", `/admin/users/${other.uid}`, { headers })).status).toBe(200);
          for (const door of rpcDoors) {
            const users = rpcClient(app, door, AdminUserService, headers);
            const sessions = rpcClient(app, door, AdminSessionService, headers);
            expect(await reasonsOf(users.getUser({ uid: dropped.uid }))).toEqual([
              "authz.invalid_permission",
            ]);
            expect(await reasonsOf(sessions.endUserSession({ uid: dropped.uid, id: 1n }))).toEqual([
              "authz.invalid_permission",
            ]);
            expect(await reasonsOf(users.getUser({ uid: other.uid }))).toEqual([]);
          }
        }
      }),
    );

    const { id } = await accountWith(app, "admin@barong.io");
    const rows = (await app.rooms.activities.latest(id, 50)).filter(({ topic }) => topic === "looks");
    const looked = JSON.stringify({ verb: "GET", path });
    const ended = JSON.stringify({ verb: "DELETE", path: `${path}/sessions/1` });
    expect(rows.map(({ data, result }) => [data, result]).reverse()).toEqual(
      [1, 2].flatMap(() => [looked, looked, ended, looked, ended].map((data) => [data, "failed"])),
    );
  });

  test("a DROP that names a value holds however the target is written", async () => {
    const cookie = await administrator();
    const { uid } = await accountWith(app, await activeMember(app));
    const target = `/api/v2/admin/users/${uid}`;
    const look = (path: string) => send(app.httpPort, { path, headers: { cookie } });
    const spellings = [
      target,
      `http://barong.test${target}`,
      `HTTP://x:1/${target}?a=b`,
      `/api//v2/admin/users/${uid}/`,
    ];
    for (const path of spellings) expect((await look(path)).status, path).toBe(200);

    const path = `api/v2/barong/admin/users/${uid}`;
    await withPermission({ role: "admin", verb: "ALL", path, action: "drop" }, async () => {
      for (const path of spellings) expect((await look(path)).status, path).toBe(401);
    });
  });

  test("a value that has no place in a path is judged by the path that the schema declares, and found by nobody", async () => {
    const headers = { cookie: await administrator() };
    const path = "api/v2/barong/admin/users/{uid}";

    for (const door of rpcDoors) {
      const users = rpcClient(app, door, AdminUserService, headers);
      expect(await reasonsOf(users.getUser({ uid: "a/b" }))).toEqual(["admin.user.doesnt_exist"]);
      expect(await reasonsOf(users.getUser({}))).toEqual(["admin.user.missing_uid", "admin.user.empty_uid"]);
      await withPermission({ role: "admin", verb: "GET", path, action: "drop" }, async () => {
        expect(await reasonsOf(users.getUser({ uid: "a/b" }))).toEqual(["authz.invalid_permission"]);
        expect(await reasonsOf(users.getUser({}))).toEqual(["authz.invalid_permission"]);
      });
    }
  });

  test("a signed request that the permissions refuse is still good when they allow it", async () => {
    const key = await keyOfMember(app);
    const target = "/api/v2/resource/users/me";
    const headers = signedByRequest(key, { target });
    const drop = { role: "member", verb: "ALL", path: "api/v2/barong/resource/users", action: "drop" };
    const ask = () => rest(app, "GET", "/resource/users/me", { headers });

    await withPermission(drop, async () => expectRefusal(await ask(), 401, "authz.invalid_permission"));
    const answers = await Promise.all(Array.from({ length: 10 }, ask));

    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 200))
      expectRefusal(answer, 401, "authz.nonce_reused");
  });

  test("of a signed request AUDIT writes down the one that passes, and neither copies nor what its key may not do", async () => {
    const key = await keyOfMember(app);
    const target = "/api/v2/resource/users/me";
    const headers = signedByRequest(key, { target });
    const others = signedByRequest(key, { verb: "DELETE", target: "/api/v2/resource/sessions/1" });
    const audited = {
      role: "member",
      verb: "ALL",
      path: "api/v2/barong/resource",
      action: "audit",
      topic: "own",
    };

    await withPermission(audited, async () => {
      await Promise.all(Array.from({ length: 5 }, () => rest(app, "GET", "/resource/users/me", { headers })));
      expect((await rest(app, "DELETE", "/resource/sessions/1", { headers: others })).status).toBe(403);
    });

    const rows = (await app.rooms.activities.latest(key.accountId, 10)).filter(
      ({ topic }) => topic === "own",
    );
    expect(rows.map(({ result, data }) => [result, JSON.parse(data ?? "").path])).toEqual([
      ["succeed", "api/v2/barong/resource/users/me"],
    ]);
  });

  test("an API key does not become a session by way of the token that it gets", async () => {
    const key = await keyOfMember(app);
    const target = "/api/v2/peatio/market/orders";
    const drop = {
      role: "*",
      verb: "ALL",
      path: "api/v2/barong/resource",
      action: "drop",
      caller: "api_key",
    };

    await withPermission(drop, async () => {
      const passed = await rest(app, "GET", `/auth${target}`, {
        headers: { ...signedByRequest(key, { target }) },
      });
      const authorization = passed.headers.get("authorization") ?? "";

      expect(passed.status).toBe(200);
      expectRefusal(
        await rest(app, "GET", "/resource/sessions", { headers: { authorization } }),
        401,
        "authz.invalid_permission",
      );
    });
  });

  test("a token from before a change of role is refused, and one from after it is not, within the same second too", async () => {
    const email = await activeMember(app);
    const authorization = await bearerFor(app, await signIn(app, email));
    const account = await app.rooms.accounts.byEmail(email);

    await app.database.transaction((tx) =>
      app.rooms.accounts.setRole({ id: account?.id ?? 0 }, "accountant", tx),
    );
    const fresh = await bearerFor(app, await signIn(app, email));

    expect((await rest(app, "GET", "/resource/users/me", { headers: { authorization: fresh } })).status).toBe(
      200,
    );
    expectRefusal(
      await rest(app, "GET", "/resource/users/me", { headers: { authorization } }),
      401,
      "jwt.decode_and_verify",
    );
  });
});
