import { expect, test } from "vitest";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember, expectRefusal, post, rest, signIn } from "../../support/rest.js";
import { startedApp } from "../../support/start-app.js";

describeEachDatabase("explaining a verdict", (database) => {
  const app = startedApp(database);

  const administrator = async () => ({ cookie: await signIn(app, "admin@barong.io") });

  async function explain(query: Record<string, string>) {
    const headers = await administrator();
    return rest(app, "GET", `/admin/permissions/explain?${new URLSearchParams(query)}`, { headers });
  }

  async function member() {
    const email = await activeMember(app);
    const account = await app.rooms.accounts.byEmail(email);
    return { email, uid: account?.uid ?? "", id: account?.id ?? 0 };
  }

  test("names the entry of the list that decides", async () => {
    expect((await explain({ path: "/api/v2//peatio/public/markets?x=1" })).body).toMatchObject({
      allowed: true,
      decided_by: "pass",
      prefix: "api/v2/peatio/public",
      path: "api/v2/peatio/public/markets",
    });
    expect((await explain({ path: "/api/v2/peatio/public/../management" })).body).toMatchObject({
      allowed: false,
      decided_by: "block",
      prefix: "api/v2/peatio/management",
      code: "authz.permission_denied",
    });
  });

  test("says of an ambiguous path that it is one", async () => {
    const { body } = await explain({ path: "/api/v2/peatio/public/%2e%2e/x" });

    expect(body).toMatchObject({
      allowed: false,
      decided_by: "ambiguous_path",
      code: "authz.permission_denied",
    });
    expect(body).not.toHaveProperty("path", expect.any(String));
  });

  test("says what is missing where nobody is named", async () => {
    expect((await explain({ path: "/api/v2/orders" })).body).toMatchObject({
      allowed: false,
      decided_by: "no_caller",
      code: "authz.invalid_session",
    });
  });

  test("names the permissions that count, and agrees with the verdict itself", async () => {
    const headers = await administrator();
    const { email, uid } = await member();
    const cookie = await signIn(app, email);
    const drop = { role: "member", verb: "DELETE", path: "api/v2/orders", action: "drop" };
    const { id } = (await post(app, "/admin/permissions", drop, headers)).body as { id: number };

    const asked = { path: "/api/v2/orders/1", uid };
    expect((await explain({ ...asked, verb: "get" })).body).toMatchObject({
      allowed: true,
      decided_by: "permissions",
      permissions: [{ role: "*", action: "accept" }],
    });
    expect((await rest(app, "GET", "/auth/api/v2/orders/1", { headers: { cookie } })).status).toBe(200);
    expect((await explain({ ...asked, verb: "DELETE" })).body).toMatchObject({
      allowed: false,
      decided_by: "permissions",
      code: "authz.invalid_permission",
      why: `Permission ${id} drops the request.`,
      permissions: [{ action: "accept" }, { id, action: "drop" }],
    });
    expectRefusal(
      await rest(app, "DELETE", "/auth/api/v2/orders/1", { headers: { cookie } }),
      401,
      "authz.invalid_permission",
    );
    await rest(app, "DELETE", `/admin/permissions?id=${id}`, { headers });
  });

  test("says of an account that is not active why it would be refused", async () => {
    const { uid, id } = await member();
    await app.database.transaction((tx) => app.rooms.accounts.setState({ id }, "banned", tx));

    expect((await explain({ path: "/api/v2/orders", uid })).body).toMatchObject({
      allowed: false,
      decided_by: "caller",
      code: "authz.user_not_active",
    });
  });

  test("writes nothing, and makes no token", async () => {
    const { uid, id } = await member();
    const headers = await administrator();
    const audit = { role: "*", verb: "ALL", path: "/", action: "audit" };
    const made = (await post(app, "/admin/permissions", audit, headers)).body as { id: number };
    const before = await app.rooms.activities.list(id, "all", { offset: 0, limit: 100 });

    await explain({ path: "/api/v2/orders", uid });

    expect(await app.rooms.activities.list(id, "all", { offset: 0, limit: 100 })).toEqual(before);
    await rest(app, "DELETE", `/admin/permissions?id=${made.id}`, { headers });
  });

  test("is for staff, about accounts and keys that exist", async () => {
    const cookie = await signIn(app, await activeMember(app));

    expectRefusal(
      await rest(app, "GET", "/admin/permissions/explain?path=/a", { headers: { cookie } }),
      401,
      "admin.access.denied",
    );
    expectRefusal(await explain({ path: "/a", uid: "ID0000000000" }), 404, "admin.user.doesnt_exist");
    expectRefusal(await explain({ path: "/a", kid: "0000000000000000" }), 404, "record.not_found");
    expectRefusal(await explain({}), 400, "admin.permission.missing_path", "admin.permission.empty_path");
  });
});
