import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { PermissionService } from "../../../gen/barong/admin/v1/permission_service_pb.js";
import { PermissionAction } from "../../../gen/barong/entities/v1/permission_pb.js";
import { type App, startApp } from "../../../src/app.js";
import type { Question } from "../../../src/features/permissions/permissions.js";
import { systemClock } from "../../../src/platform/clock.js";
import { readConfig } from "../../../src/platform/config.js";
import { silentLogger } from "../../../src/platform/logger.js";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember, expectRefusal, rest, signIn } from "../../support/rest.js";
import { accountWith, asAdministrator } from "../../support/staff.js";
import { PASSWORD, start, startedApp } from "../../support/start-app.js";
import { clientOf, connectTransport } from "../../wire/clients.js";

const PERMISSIONS = "/admin/permissions";
const CODE = "admin.permission";
const GOOD = { role: "member", verb: "get", path: "api/v2/orders", action: "accept" };

const INSERT = "INSERT INTO permissions (role, verb, path, action, caller, created_at, updated_at) VALUES";
const MOMENT = "'2026-01-01 00:00:00.000'";
const handWritten = (role: string, path: string) =>
  `('${role}', 'get', '${path}', 'DROP', 'any', ${MOMENT}, ${MOMENT})`;

interface Row {
  readonly id: number;
  readonly path: string;
}

describeEachDatabase("staff about the gateway's permissions", (database) => {
  const app = startedApp(database);

  /** The first administrator's calls. */
  async function staff() {
    const headers = await asAdministrator(app);
    const of = (method: string) => (json: object) => rest(app, method, PERMISSIONS, { headers, json });
    return {
      headers,
      list: async (query = "") => rest(app, "GET", `${PERMISSIONS}${query}`, { headers }),
      add: of("POST"),
      change: of("PUT"),
      remove: of("DELETE"),
      /** Adds one, and takes it away when the test ends. */
      async made(terms: object): Promise<Row> {
        const { status, body } = await of("POST")({ ...GOOD, ...terms });
        expect(status).toBe(201);
        const row = body as Row;
        onTestFinished(async () => void (await of("DELETE")({ id: row.id })));
        return row;
      },
    };
  }

  const judged = async ({ rooms }: Pick<App, "rooms">, question: Partial<Question> = {}) => {
    const account = { id: 1, role: "member", level: 0 };
    const whole = { verb: "GET", path: "x", kind: "session", scope: [], account } as const;
    return (
      await rooms.permissions.judge({ ...whole, ...question } as Parameters<
        typeof rooms.permissions.judge
      >[0])
    ).allowed;
  };

  /** Another server on the same database. */
  async function neighbour(): Promise<App> {
    const dataDir = await mkdtemp(join(tmpdir(), "barong-neighbour-"));
    const config = readConfig({
      HTTP_PORT: "0",
      GRPC_PORT: "0",
      ADMIN_PASSWORD: PASSWORD,
      DATABASE_URL: app.database.settings.url,
      DATA_DIR: dataDir,
    });
    const other = await startApp(config, { clock: systemClock, logger: silentLogger });
    onTestFinished(async () => {
      await other.close();
      await rm(dataDir, { recursive: true, force: true });
    });
    return other;
  }

  test("in the beginning everything is accepted that the lists let pass, as in Barong 2.0", async () => {
    const { list } = await staff();

    const { status, body, headers } = await list();

    expect(status).toBe(200);
    const epoch = "1970-01-01T00:00:00Z";
    const terms = { role: "*", verb: "ALL", path: "", action: "accept", caller: "any" };
    expect(body).toEqual([{ id: 1, ...terms, created_at: epoch, updated_at: epoch }]);
    expect(headers.get("total")).toBe("1");
  });

  test("a permission is stored in the words in which it is compared, and answered as it is stored", async () => {
    const { made, list } = await staff();

    const bare = await made({ verb: "gEt", path: "//api//v2/orders/" });
    const full = await made({
      role: "*",
      verb: "all",
      path: "/",
      action: "audit",
      caller: "api_key",
      min_level: 3,
      label: "vip:gold",
      scope: "trade",
      topic: "orders",
    });

    const times = { created_at: expect.any(String), updated_at: expect.any(String) };
    expect(bare).toEqual({
      id: expect.any(Number),
      role: "member",
      verb: "GET",
      path: "api/v2/orders/",
      action: "accept",
      caller: "any",
      ...times,
    });
    expect(full).toEqual({
      id: expect.any(Number),
      role: "*",
      verb: "ALL",
      path: "",
      action: "audit",
      caller: "api_key",
      min_level: 3,
      label: "vip:gold",
      scope: "trade",
      topic: "orders",
      ...times,
    });
    expect((await list()).body).toEqual([expect.objectContaining({ id: 1 }), bare, full]);
  });

  test("blank conditions are none, and a form is as good as JSON", async () => {
    const { headers } = await staff();
    const form = { ...GOOD, min_level: "", label: "", scope: "", topic: "", path: "/api/form" };

    const { status, body } = await rest(app, "POST", PERMISSIONS, { headers, form });
    const { id } = body as Row;
    onTestFinished(async () => void (await rest(app, "DELETE", `${PERMISSIONS}?id=${id}`, { headers })));

    expect(status).toBe(201);
    expect(Object.keys(body as object)).toEqual([
      ...["id", "role", "verb", "path", "action", "caller", "created_at", "updated_at"],
    ]);
  });

  test("a change leaves what it does not name", async () => {
    const { made, change, list } = await staff();
    const before = await made({ min_level: 2, scope: "trade", topic: "orders" });

    const changed = await change({
      id: before.id,
      path: "/api/v2/market",
      action: "drop",
      caller: "api_key",
    });

    expect(changed.status).toBe(200);
    const after = { ...before, path: "api/v2/market", action: "drop", caller: "api_key" };
    expect(changed.body).toEqual({ ...after, updated_at: expect.any(String) });
    expect((await list()).body).toContainEqual(changed.body);
    const again = (await change({ id: before.id })).body;
    expect(again).toEqual({ ...after, updated_at: expect.any(String) });
  });

  test("a deleted permission is gone", async () => {
    const { add, change, remove, list } = await staff();
    const { id } = (await add(GOOD)).body as Row;

    expect(await remove({ id })).toMatchObject({ status: 204, body: "" });

    expectRefusal(await remove({ id }), 404, "record.not_found");
    expectRefusal(await change({ id, role: "admin" }), 404, "record.not_found");
    expect((await list()).body).toHaveLength(1);
  });

  test("what is missing or blank is told together, in the order of the parameters", async () => {
    const { add, change, remove } = await staff();
    const missing = ["role", "verb", "path", "action"].map((name) => `${CODE}.missing_${name}`);

    const none = await add({});
    const blank = await add({ role: " ", verb: "", path: " ", action: "accept" });

    expect(none.status).toBe(400);
    expect((none.body as { errors: string[] }).errors.filter((code) => code.includes("missing"))).toEqual(
      missing,
    );
    expectRefusal(blank, 400, `${CODE}.empty_role`, `${CODE}.empty_verb`, `${CODE}.empty_path`);
    expect((await change({})).status).toBe(400);
    expect((await remove({})).body).toEqual({ errors: expect.arrayContaining([`${CODE}.missing_id`]) });
  });

  test.each([
    ["role", ["Member", "a b", "m*", "x".repeat(33)]],
    ["verb", ["G T", "GET,POST", "*", "x".repeat(17)]],
    [
      "path",
      ["api?x", "api%2f", "api#x", "api;x", "api\\x", "a\u0000", "a/../b", "./a", "a/./b", "x".repeat(256)],
    ],
    ["action", ["permit", "unspecified", 1, ""]],
    ["caller", ["robot", "api key", ""]],
    ["min_level", [-1, 1001, 1.5, "high"]],
    ["label", ["vip", "vip:Gold", "vi:gold", ":gold", "vip:gold:x"]],
    ["scope", ["a b", "a,b", "x".repeat(256)]],
    ["topic", ["Orders", "1st", "a-b", "x".repeat(33)]],
  ])("a wrong %s is refused when it is made and when it is changed", async (name, values) => {
    const { add, change, made } = await staff();
    const { id } = await made({});

    for (const value of values) {
      const code = value === "" ? `${CODE}.empty_${name}` : `${CODE}.invalid_${name}`;
      const status = value === "" ? 400 : 422;
      expectRefusal(await add({ ...GOOD, [name]: value }), status, code);
      expectRefusal(await change({ id, [name]: value }), status, code);
    }
  });

  test("dots in a path are no harm where they are part of a name", async () => {
    const { made } = await staff();

    for (const path of [".well-known/", "api/v2/..", "a..b/c.d", "files/.", "..."])
      expect((await made({ path })).path).toBe(path);
  });

  test("only staff with the ability may read or change permissions", async () => {
    const cookie = await signIn(app, await activeMember(app));
    const calls = [
      ["GET", undefined],
      ["POST", GOOD],
      ["PUT", { id: 1, action: "drop" }],
      ["DELETE", { id: 1 }],
    ] as const;

    for (const [method, json] of calls) {
      const asked = { ...(json && { json }) };
      expectRefusal(await rest(app, method, PERMISSIONS, asked), 401, "jwt.decode_and_verify");
      const answer = await rest(app, method, PERMISSIONS, { headers: { cookie }, ...asked });
      expectRefusal(answer, 401, "admin.access.denied");
    }
  });

  test("who changed what is in the log of who did it", async () => {
    const { add, change, remove } = await staff();
    const { id } = (await add({ ...GOOD, min_level: 1 })).body as Row;
    await change({ id, action: "drop" });
    await remove({ id });

    const admin = await accountWith(app, "admin@barong.io");
    const [third, second, first] = await app.rooms.activities.latest(admin.id, 3);
    const data = [first, second, third].map((activity) => JSON.parse(activity?.data ?? "{}"));
    const terms = { id, role: "member", verb: "GET", path: "api/v2/orders", caller: "any", min_level: 1 };
    const whole = (action: string) => ({ ...terms, action, label: null, scope: null, topic: null });
    expect([first, second, third]).toMatchObject([
      { topic: "permission", action: "create permission", result: "succeed" },
      { topic: "permission", action: "update permission", result: "succeed" },
      { topic: "permission", action: "delete permission", result: "succeed" },
    ]);
    expect(data).toEqual([
      { after: whole("accept") },
      { before: whole("accept"), after: whole("drop") },
      { before: whole("drop") },
    ]);
  });

  test("a change that nobody could undo is refused, and nothing is changed", async () => {
    const { add, change, remove, list } = await staff();
    const before = (await list()).body;
    const drop = { role: "*", verb: "DELETE", path: "api/v2/barong/admin", action: "drop" };

    expectRefusal(await remove({ id: 1 }), 422, `${CODE}.locks_out`);
    expectRefusal(await change({ id: 1, role: "member" }), 422, `${CODE}.locks_out`);
    expectRefusal(await add(drop), 422, `${CODE}.locks_out`);

    expect((await list()).body).toEqual(before);
  });

  test("with a permission of his own an administrator may take away the one for everybody", async () => {
    const { add, change } = await staff();
    const { id } = (await add({ role: "admin", verb: "ALL", path: "/", action: "accept" })).body as Row;

    const taken = await change({ id: 1, role: "nobody" });
    const refused = await judged(app);
    const back = await change({ id: 1, role: "*" });

    expect([taken.status, refused, back.status]).toEqual([200, false, 200]);
    expect(await judged(app)).toBe(true);
    const { remove } = await staff();
    await remove({ id });
  });

  test("a change is in force in this process when it is answered", async () => {
    const { add, change, remove } = await staff();

    const { id } = (await add({ ...GOOD, path: "x", action: "drop" })).body as Row;
    expect(await judged(app)).toBe(false);
    await change({ id, path: "y" });
    expect(await judged(app)).toBe(true);
    await change({ id, path: "x" });
    expect(await judged(app)).toBe(false);
    await remove({ id });
    expect(await judged(app)).toBe(true);
  });

  test("a change is in force in another process within seconds", async () => {
    const { add, remove } = await staff();
    const other = await neighbour();
    expect(await judged(other)).toBe(true);

    const { id } = (await add({ ...GOOD, path: "x", action: "drop" })).body as Row;
    await vi.waitFor(async () => expect(await judged(other)).toBe(false), { timeout: 5000, interval: 50 });
    await remove({ id });
    await vi.waitFor(async () => expect(await judged(other)).toBe(true), { timeout: 5000, interval: 50 });
  });

  test("a row that was written by hand is in force within seconds", async () => {
    await app.database.write(`${INSERT} ${handWritten("member", "/by/hand")}`, []);
    onTestFinished(async () => {
      await app.database.write("DELETE FROM permissions WHERE path = '/by/hand'", []);
      await app.rooms.permissions.reload();
    });

    await vi.waitFor(async () => expect(await judged(app, { path: "by/hand" })).toBe(false), {
      timeout: 5000,
      interval: 50,
    });
  });

  test("there are at most a thousand, also when they come at once", async () => {
    const { add, list, made } = await staff();
    const present = ((await list()).body as Row[]).length;
    const fillers = Array.from({ length: 998 - present }, (_, at) => handWritten("nobody", `filler/${at}`));
    await app.database.write(`${INSERT} ${fillers.join(", ")}`, []);
    onTestFinished(async () => {
      await app.database.write("DELETE FROM permissions WHERE role = 'nobody'", []);
      await app.rooms.permissions.reload();
    });
    await made({});

    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, number) => add({ ...GOOD, role: "nobody", path: `late/${number}` })),
    );

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 201))
      expectRefusal(answer, 422, `${CODE}.limit_reached`);
    const page = await list("?limit=3&page=2");
    expect(page.headers.get("total")).toBe("1000");
    expect(page.body).toHaveLength(3);
  });

  test("two changes of one permission at once both hold", async () => {
    const { made, change, list } = await staff();
    const { id } = await made({});

    await Promise.all([
      change({ id, min_level: 2 }),
      change({ id, scope: "trade" }),
      change({ id, topic: "orders" }),
    ]);

    expect((await list()).body).toContainEqual(
      expect.objectContaining({ id, min_level: 2, scope: "trade", topic: "orders" }),
    );
  });

  test.each(["page=0", "page=x", "limit=0", "limit=1001"])("a list with %s is refused", async (query) => {
    const { list } = await staff();

    expectRefusal(await list(`?${query}`), 422, `${CODE}.invalid_${query.split("=")[0]}`);
  });

  test("over Connect it is the same", async () => {
    const { headers } = await staff();
    const client = clientOf(PermissionService, connectTransport(app.http));

    const { permission } = await client.createPermission(
      { role: "member", verb: "get", path: "/api", action: PermissionAction.AUDIT },
      { headers },
    );
    const { permissions, total } = await client.listPermissions({}, { headers });
    await client.deletePermission({ id: permission?.id ?? 0n }, { headers });

    expect(permission).toMatchObject({
      role: "member",
      verb: "GET",
      path: "api",
      action: PermissionAction.AUDIT,
    });
    expect(permissions).toHaveLength(2);
    expect(total).toBe(2n);
  });
});

describeEachDatabase("a server whose permissions nobody can read", (database) => {
  test("does not start, and says why", async () => {
    const first = await start(database);
    onTestFinished(() => first.stop());
    await first.database.write("UPDATE permissions SET action = 'permit' WHERE id = 1", []);
    const dataDir = await mkdtemp(join(tmpdir(), "barong-neighbour-"));
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    const config = readConfig({
      HTTP_PORT: "0",
      GRPC_PORT: "0",
      ADMIN_PASSWORD: PASSWORD,
      DATABASE_URL: first.database.settings.url,
      DATA_DIR: dataDir,
    });

    const starting = startApp(config, { clock: systemClock, logger: silentLogger });

    await expect(starting).rejects.toThrow(
      'the permissions cannot be read: Error: permission 1 has an unknown action, "permit"',
    );
  });
});
