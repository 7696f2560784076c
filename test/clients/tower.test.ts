import { expect, test } from "vitest";
import { describeEachDatabase } from "../support/databases.js";
import { activeMember } from "../support/rest.js";
import { PASSWORD, startedApp } from "../support/start-app.js";
import { BrowserBehindGateway } from "./gateway.js";

describeEachDatabase("the admin panel Tower behind its gateway", (database) => {
  const app = startedApp(database);

  async function panel(): Promise<BrowserBehindGateway> {
    const browser = new BrowserBehindGateway(app);
    await browser.post("/identity/sessions", { email: "admin@barong.io", password: PASSWORD });
    return browser;
  }

  test("shows the accounts, with and without pages, and how many there are", async () => {
    const email = await activeMember(app);
    const tower = await panel();

    const me = await tower.get("/resource/users/me");
    const early = await tower.get("/admin/users");
    const later = await tower.get("/admin/users?page=1&limit=100");
    const found = await tower.get(`/admin/users/search?field=email&value=${email}&page=1&limit=100`);

    expect(me.body).toMatchObject({ role: "admin" });
    expect(early.body).toEqual(later.body);
    expect(later.headers.get("total")).toBe(String((later.body as object[]).length));
    expect(found.body).toEqual([expect.objectContaining({ email })]);
    expect(found.headers.get("total")).toBe("1");
  });

  test("changes one thing of an account at a time, and its labels", async () => {
    const email = await activeMember(app);
    const tower = await panel();
    const found = await tower.get(`/admin/users/search?field=email&value=${email}`);
    const [{ uid } = { uid: "" }] = found.body as { uid: string }[];
    const label = { uid, key: "document", scope: "private" };

    const answers = [
      await tower.call("PUT", "/admin/users", { json: { uid, role: "admin" } }),
      await tower.call("PUT", "/admin/users", { json: { uid, state: "banned" } }),
      await tower.post("/admin/users/labels", { ...label, value: "pending" }),
      await tower.call("PUT", "/admin/users/labels", { json: { ...label, value: "verified" } }),
      await tower.call("DELETE", `/admin/users/labels?${new URLSearchParams(label)}`),
    ];
    const shown = await tower.get(`/admin/users/${uid}`);

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 201, 200, 204]);
    expect(shown.body).toMatchObject({
      ...{ email, role: "admin", state: "banned", level: 1 },
      labels: [{ key: "email", value: "verified", scope: "private" }],
    });
  });
});
