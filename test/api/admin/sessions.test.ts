import { expect, test } from "vitest";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember, expectRefusal, rest, signIn } from "../../support/rest.js";
import { startedApp } from "../../support/start-app.js";

describeEachDatabase("staff about the sessions of an account", (database) => {
  const app = startedApp(database);

  const staff = async () => ({ cookie: await signIn(app, "admin@barong.io") });
  const me = (cookie: string) => rest(app, "GET", "/resource/users/me", { headers: { cookie } });

  async function member() {
    const email = await activeMember(app);
    const account = await app.rooms.accounts.byEmail(email);
    return { email, path: `/admin/users/${account?.uid}/sessions` };
  }

  test("list those that hold, end one, end all", async () => {
    const headers = await staff();
    const { email, path } = await member();
    const cookies = [await signIn(app, email), await signIn(app, email), await signIn(app, email)];
    const [first = "", second = "", third = ""] = cookies;

    const { body, headers: page } = await rest(app, "GET", path, { headers });
    const sessions = body as { id: number; current: boolean }[];
    expect(page.get("total")).toBe("3");
    expect(sessions.map(({ current }) => current)).toEqual([false, false, false]);

    expect(await rest(app, "DELETE", `${path}/${sessions[2]?.id}`, { headers })).toMatchObject({
      status: 204,
    });
    expectRefusal(await me(first), 401, "authz.invalid_session");
    expect((await me(second)).status).toBe(200);

    expect(await rest(app, "DELETE", path, { headers })).toMatchObject({ status: 204, body: "" });
    for (const cookie of [second, third]) expectRefusal(await me(cookie), 401, "authz.invalid_session");
    expect((await rest(app, "GET", path, { headers })).body).toEqual([]);
  });

  test("its owner reads of it in the log", async () => {
    const { email, path } = await member();

    await rest(app, "DELETE", path, { headers: await staff() });

    const log = await rest(app, "GET", "/resource/users/activity/session", {
      headers: { cookie: await signIn(app, email) },
    });
    expect((log.body as { action: string }[]).map(({ action }) => action)).toContain("end sessions by staff");
  });

  test("what does not exist is not found", async () => {
    const headers = await staff();
    const { path } = await member();

    for (const [method, unknown] of [
      ["GET", "/admin/users/ID0000000000/sessions"],
      ["DELETE", "/admin/users/ID0000000000/sessions"],
      ["DELETE", "/admin/users/ID0000000000/sessions/1"],
    ] as const) {
      expectRefusal(await rest(app, method, unknown, { headers }), 404, "admin.user.doesnt_exist");
    }
    expectRefusal(await rest(app, "DELETE", `${path}/999999999`, { headers }), 404, "record.not_found");
  });

  test("is for staff alone", async () => {
    const { email, path } = await member();
    const headers = { cookie: await signIn(app, email) };

    expectRefusal(await rest(app, "GET", path, { headers }), 401, "admin.access.denied");
    expectRefusal(await rest(app, "DELETE", path, { headers }), 401, "admin.access.denied");
    expectRefusal(await rest(app, "DELETE", `${path}/1`, { headers }), 401, "admin.access.denied");
    expectRefusal(await rest(app, "GET", path), 401, "jwt.decode_and_verify");
  });
});
