import { expect, test } from "vitest";
import { SessionService } from "../../../gen/barong/resource/v1/session_service_pb.js";
import { UserService } from "../../../gen/barong/resource/v1/user_service_pb.js";
import { describeEachDatabase } from "../../support/databases.js";
import { keyOfMember } from "../../support/key-owner.js";
import { activeMember, bearerFor, expectRefusal, post, rest, signIn } from "../../support/rest.js";
import { reasonsOf, rpcClient, rpcDoors } from "../../support/rpc.js";
import { signedByRequest } from "../../support/signing.js";
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
        await rest(app, "DELETE", "/resource/sessions", { headers: { authorization } }),
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
