import { expect, onTestFinished, test } from "vitest";
import { describeEachDatabase } from "../../support/databases.js";
import { keyOfMember } from "../../support/key-owner.js";
import { send } from "../../support/plain-http.js";
import { activeMember, expectRefusal, post, rest, signIn } from "../../support/rest.js";
import { type SigningKey, signedByNonce, signedByRequest } from "../../support/signing.js";
import { accountWith, asAdministrator } from "../../support/staff.js";
import { startedApp } from "../../support/start-app.js";

const REFUSED = [401, "authz.invalid_permission"] as const;
const LABELS = "/admin/users/labels";

interface Activity {
  readonly topic: string;
  readonly result: string;
}

describeEachDatabase("the gateway's verdict by permissions", (database) => {
  const app = startedApp(database);
  let folders = 0;

  /** A folder that is nobody else's, so that tests do not feel each other's permissions. */
  const folder = (): string => {
    folders += 1;
    return `api/v2/part${folders}`;
  };

  /** Adds a permission until the test ends. */
  async function permission(terms: object): Promise<void> {
    const headers = await asAdministrator(app);
    const whole = { role: "*", verb: "all", ...terms };
    const { status, body } = await post(app, "/admin/permissions", whole, headers);
    expect(status).toBe(201);
    const { id } = body as { id: number };
    onTestFinished(async () => void (await rest(app, "DELETE", `/admin/permissions?id=${id}`, { headers })));
  }

  /** The seeded permission, which accepts everything, is narrowed to all but `path` by a role that nobody has. */
  async function withoutDefault(): Promise<void> {
    const headers = await asAdministrator(app);
    await permission({ role: "admin", path: "/", action: "accept" });
    const narrow = (role: string) =>
      rest(app, "PUT", "/admin/permissions", { headers, json: { id: 1, role } });
    expect((await narrow("nobody")).status).toBe(200);
    onTestFinished(async () => void (await narrow("*")));
  }

  async function member() {
    const email = await activeMember(app);
    const { id, uid } = await accountWith(app, email);
    const cookie = await signIn(app, email);
    return {
      id,
      uid,
      cookie,
      ask: (path: string, verb = "GET", headers: Record<string, string> = {}) =>
        rest(app, verb, `/auth/${path}`, { headers: { cookie, ...headers } }),
    };
  }

  const askWith = (key: SigningKey, path: string, verb = "GET") =>
    rest(app, verb, `/auth/${path}`, { headers: signedByNonce(key) });

  test("a DROP refuses its paths and verbs, and no others", async () => {
    const path = folder();
    const dana = await member();
    await permission({ verb: "post", path, action: "drop" });

    expectRefusal(await dana.ask(path, "POST"), ...REFUSED);
    expectRefusal(await dana.ask(`${path}/x?y=z`, "POST"), ...REFUSED);
    expectRefusal(await dana.ask(`/${path}//x`, "POST"), ...REFUSED);
    expect((await dana.ask(path, "GET")).status).toBe(200);
    expect((await dana.ask(path.toUpperCase(), "POST")).status).toBe(200);
  });

  test("a permission for GET holds for HEAD", async () => {
    const path = folder();
    const dana = await member();
    await permission({ verb: "get", path, action: "drop" });

    // An answer to HEAD has no body to name the code in.
    expect((await dana.ask(path, "HEAD")).status).toBe(401);
    expect((await dana.ask(path, "OPTIONS")).status).toBe(200);
  });

  test("a permission of another role does not count", async () => {
    const path = folder();
    const dana = await member();
    await permission({ role: "admin", path, action: "drop" });

    expect((await dana.ask(path)).status).toBe(200);
    const headers = await asAdministrator(app);
    expectRefusal(await rest(app, "GET", `/auth/${path}`, { headers }), ...REFUSED);
  });

  test("without an ACCEPT nobody passes, and lists are stronger than permissions", async () => {
    const dana = await member();
    await withoutDefault();

    expectRefusal(await dana.ask("api/v2/orders"), ...REFUSED);
    expect((await dana.ask("api/v2/peatio/public/markets")).status).toBe(200);
    expectRefusal(await dana.ask("api/v2/peatio/management"), 401, "authz.permission_denied");
  });

  test("who has no session is told so, whatever the permissions", async () => {
    const path = folder();
    await permission({ path, action: "drop" });

    expectRefusal(await rest(app, "GET", `/auth/${path}`), 401, "authz.invalid_session");
  });

  test("members may only read until they reach a level, which counts as soon as it is reached", async () => {
    const path = folder();
    const dana = await member();
    await withoutDefault();
    await permission({ role: "member", verb: "get", path, action: "accept" });
    await permission({ role: "member", path, action: "accept", min_level: 3 });

    expect((await dana.ask(path)).status).toBe(200);
    expectRefusal(await dana.ask(path, "POST"), ...REFUSED);
    const headers = await asAdministrator(app);
    for (const key of ["phone", "document"])
      await post(app, LABELS, { uid: dana.uid, key, value: "verified", scope: "private" }, headers);

    expect((await dana.ask(path, "POST")).status).toBe(200);
  });

  test("a private label counts as soon as it is there, and no longer", async () => {
    const path = folder();
    const dana = await member();
    await permission({ path, action: "drop", label: "trading:suspended" });
    const headers = await asAdministrator(app);
    const label = { uid: dana.uid, key: "trading" };
    const change = (method: string, json: object) => rest(app, method, LABELS, { headers, json });

    // Asked each time before, so that what was true then is known already.
    expect((await dana.ask(path)).status).toBe(200);
    await change("POST", { ...label, value: "suspended", scope: "public" });
    expect((await dana.ask(path)).status).toBe(200);
    await change("POST", { ...label, value: "suspended", scope: "private" });
    expectRefusal(await dana.ask(path), ...REFUSED);
    await change("PUT", { ...label, value: "free", scope: "private" });
    expect((await dana.ask(path)).status).toBe(200);
    await change("PUT", { ...label, value: "suspended", scope: "private" });
    expectRefusal(await dana.ask(path), ...REFUSED);
    await change("DELETE", { ...label, scope: "private" });
    expect((await dana.ask(path)).status).toBe(200);
  });

  test("API keys with the scope may do what others may not, and sessions never", async () => {
    const path = folder();
    const dana = await member();
    const trader = await keyOfMember(app, { scope: ["read", "trade"] });
    const reader = await keyOfMember(app, { scope: ["read"] });
    await withoutDefault();
    await permission({ role: "member", path, action: "accept", scope: "trade" });

    expect((await askWith(trader, path)).status).toBe(200);
    expectRefusal(await askWith(reader, path), ...REFUSED);
    expectRefusal(await dana.ask(path), ...REFUSED);
  });

  test("API keys can be kept out of what sessions may do, and the other way round", async () => {
    const [keysOnly, sessionsOnly] = [folder(), folder()];
    const dana = await member();
    const key = await keyOfMember(app);
    await permission({ path: keysOnly, action: "drop", caller: "session" });
    await permission({ path: sessionsOnly, action: "drop", caller: "api_key" });

    expect((await askWith(key, keysOnly)).status).toBe(200);
    expectRefusal(await dana.ask(keysOnly), ...REFUSED);
    expect((await dana.ask(sessionsOnly)).status).toBe(200);
    expectRefusal(await askWith(key, sessionsOnly), ...REFUSED);
  });

  test("AUDIT writes down what was asked and how it was judged, once for each topic", async () => {
    const path = folder();
    const dana = await member();
    await permission({ verb: "post", path: `${path}/closed`, action: "drop" });
    await permission({ path, action: "audit", topic: "orders" });
    await permission({ verb: "post", path, action: "audit", topic: "orders" });
    await permission({ verb: "post", path, action: "audit" });

    const agent = { "user-agent": "Tester/1" };
    await dana.ask(`${path}/7?secret=1`, "GET", agent);
    await dana.ask(`${path}/closed`, "POST", agent);
    await dana.ask(folder(), "GET", agent);

    const rows = (await app.rooms.activities.latest(dana.id, 10)).filter(({ action }) => action === "audit");
    const told = rows.map(({ topic, result, data }) => [topic, result, JSON.parse(data ?? "")]);
    const closed = { verb: "POST", path: `${path}/closed` };
    expect(told).toEqual([
      ["gateway", "failed", closed],
      ["orders", "failed", closed],
      ["orders", "succeed", { verb: "GET", path: `${path}/7` }],
    ]);
    expect(rows[0]).toMatchObject({ userIp: "127.0.0.1", userAgent: "Tester/1", userId: dana.id });
  });

  test("AUDIT writes a path with dots in it down once, as it was sent, whichever of its forms is meant", async () => {
    const path = folder();
    const dana = await member();
    await permission({ path: `${path}/a`, action: "audit", topic: "dots" });
    await permission({ path: `${path}/b`, action: "audit", topic: "dots" });
    await permission({ path: `${path}/closed`, action: "drop" });
    const ask = (sent: string) =>
      send(app.httpPort, { path: `/api/v2/auth/${path}/${sent}`, headers: { cookie: dana.cookie } });

    expect((await ask("a/../b")).status).toBe(200);
    expect((await ask("closed/../a")).status).toBe(401);
    expect((await ask("a/../closed")).status).toBe(401);

    const rows = (await app.rooms.activities.latest(dana.id, 10)).filter(({ topic }) => topic === "dots");
    expect(rows.map(({ result, data }) => [result, JSON.parse(data ?? "").path])).toEqual([
      ["failed", `${path}/a/../closed`],
      ["failed", `${path}/closed/../a`],
      ["succeed", `${path}/a/../b`],
    ]);
  });

  test("of a signed request AUDIT writes down the one that passes, and none of its copies", async () => {
    const path = folder();
    const key = await keyOfMember(app);
    await permission({ path, action: "audit", topic: "signed" });
    const headers = signedByRequest(key, { target: `/${path}` });

    const answers = await Promise.all(
      Array.from({ length: 5 }, () => rest(app, "GET", `/auth/${path}`, { headers })),
    );

    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const rows = await app.rooms.activities.latest(key.accountId, 10);
    expect(rows.filter(({ topic }) => topic === "signed")).toHaveLength(1);
  });

  test("a signed request that the permissions refuse is still good when they allow it", async () => {
    const path = folder();
    const key = await keyOfMember(app);
    const headers = signedByRequest(key, { target: `/${path}` });
    const ask = () => rest(app, "GET", `/auth/${path}`, { headers });
    const admin = await asAdministrator(app);
    const drop = { role: "*", verb: "ALL", path, action: "drop" };
    const { body } = await post(app, "/admin/permissions", drop, admin);

    expectRefusal(await ask(), ...REFUSED);
    await rest(app, "DELETE", `/admin/permissions?id=${(body as { id: number }).id}`, { headers: admin });

    expect((await ask()).status).toBe(200);
    expectRefusal(await ask(), 401, "authz.nonce_reused");
  });

  test("AUDIT by itself lets nobody pass", async () => {
    const path = folder();
    const dana = await member();
    await withoutDefault();
    await permission({ path, action: "audit" });

    expectRefusal(await dana.ask(path), ...REFUSED);
  });

  test("the owner sees what was written down among everything else", async () => {
    const path = folder();
    const dana = await member();
    await permission({ path, action: "audit", topic: "orders" });
    await dana.ask(path);

    const { status, body } = await rest(app, "GET", "/resource/users/activity/all", {
      headers: { cookie: dana.cookie },
    });

    expect(status).toBe(200);
    const [newest] = body as readonly Activity[];
    expect(newest).toMatchObject({ topic: "orders", action: "audit", result: "succeed" });
  });
});
