import { expect, test, vi } from "vitest";
import { UserService } from "../../../gen/barong/admin/v1/user_service_pb.js";
import { UserState } from "../../../gen/barong/entities/v1/user_pb.js";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember, expectRefusal, rest, signIn } from "../../support/rest.js";
import { reasonsOf, rpcClient, rpcDoors } from "../../support/rpc.js";
import { accountWith, asAdministrator, someAccount } from "../../support/staff.js";
import { startedApp } from "../../support/start-app.js";

const USERS = "/admin/users";
const SIX = ["email", "uid", "role", "level", "otp", "state"];

interface Listed {
  readonly email: string;
}

const emailsIn = (body: unknown): string[] => (body as Listed[]).map(({ email }) => email);

describeEachDatabase("GET /admin/users", (database) => {
  const app = startedApp(database);
  let headers: { cookie: string } | undefined;
  const everybody = ["admin@barong.io"];

  /** Ten accounts besides the administrator's, the first time; the list. */
  async function list(query = "") {
    headers ??= await asAdministrator(app);
    while (everybody.length < 11) everybody.push((await someAccount(app)).email);
    return rest(app, "GET", `${USERS}${query}`, { headers });
  }

  test("answers everybody, oldest first, with the six fields that others see of an account", async () => {
    const answer = await list();

    expect(answer.status).toBe(200);
    expect(emailsIn(answer.body)).toEqual(everybody);
    const [administrator, member] = answer.body as object[];
    expect(administrator).toMatchObject({ email: "admin@barong.io", role: "admin", state: "active" });
    expect(Object.keys(member ?? {})).toEqual(SIX);
    expect(member).toEqual({
      email: everybody[1],
      uid: expect.stringMatching(/^ID[0-9A-F]{10}$/),
      role: "member",
      level: 0,
      otp: false,
      state: "active",
    });
  });

  test("tells how many there are, whether a page is asked for or not", async () => {
    for (const query of ["", "?page=1&limit=100", "?page=&limit="]) {
      const { headers: told } = await list(query);
      const named = ["total", "page", "per-page", "link"].map((name) => told.get(name));
      expect(named).toEqual(["11", "1", "100", null]);
    }
  });

  test("pages of any size hold everybody once, in the same order, and nobody beyond the last", async () => {
    await list();
    for (let limit = 1; limit <= 12; limit += 1) {
      const pages = Math.ceil(everybody.length / limit);

      const answers = [];
      for (let page = 1; page <= pages + 2; page += 1)
        answers.push(await list(`?page=${page}&limit=${limit}`));

      expect(answers.flatMap(({ body }) => emailsIn(body))).toEqual(everybody);
      expect(answers.map(({ body }) => emailsIn(body).length).slice(pages)).toEqual([0, 0]);
      for (const answer of answers) expect(answer.headers.get("total")).toBe("11");
    }
  });

  test("a page far beyond the end is empty and not looked for", async () => {
    await list();
    const queries = vi.spyOn(app.database.sequelize, "query");

    const answer = await list("?page=2147483647&limit=100");

    expect(answer).toMatchObject({ status: 200, body: [] });
    const texts = queries.mock.calls.map(([sql]) => (typeof sql === "string" ? sql : sql.query));
    queries.mockRestore();
    expect(texts.filter((sql) => sql.includes("FROM `users`")).at(-1)).toContain("COUNT(");
  });

  test("links lead to the pages around", async () => {
    const { headers: told } = await list("?limit=4&page=2");

    const links = told.get("link")?.split(", ") ?? [];
    expect(links.map((link) => /page=(\d+).*rel="(\w+)"/.exec(link)?.slice(1))).toEqual([
      ["1", "first"],
      ["1", "prev"],
      ["3", "last"],
      ["3", "next"],
    ]);
  });

  test.each([
    ["?page=abc", ["admin.user.non_integer_page", "admin.user.non_positive_page"]],
    ["?page=0", ["admin.user.non_positive_page"]],
    ["?page=-1", ["admin.user.non_positive_page"]],
    ["?limit=abc", ["admin.user.non_integer_limit", "admin.user.invalid_limit"]],
    ["?limit=0", ["admin.user.invalid_limit"]],
    ["?limit=101", ["admin.user.invalid_limit"]],
    ["?page=0&limit=101", ["admin.user.non_positive_page", "admin.user.invalid_limit"]],
  ])("%s is refused", async (query, codes) => {
    expectRefusal(await list(query), 422, ...codes);
  });
});

describeEachDatabase("staff only", (database) => {
  const app = startedApp(database);

  test("whoever is no administrator is turned away before his request is looked at", async () => {
    const email = await activeMember(app);
    const { uid } = await accountWith(app, email);
    const headers = { cookie: await signIn(app, email) };
    const calls = [
      ["GET", USERS],
      ["GET", `${USERS}?page=abc`],
      ["GET", `${USERS}/search?field=email&value=a`],
      ["GET", `${USERS}/search`],
      ["GET", `${USERS}/${uid}`],
      ["PUT", USERS],
    ] as const;

    for (const [method, path] of calls) {
      const json = method === "PUT" ? { json: { uid: 1, role: "emperor" } } : {};
      expectRefusal(await rest(app, method, path, { headers, ...json }), 401, "admin.access.denied");
      expectRefusal(await rest(app, method, path, json), 401, "jwt.decode_and_verify");
    }
  });

  test.each(["accountant", "compliance"])("the role %s opens nothing here", async (role) => {
    const email = await activeMember(app);
    const account = await accountWith(app, email);
    await app.database.transaction((tx) => app.rooms.accounts.setRole(account, role, tx));

    const answer = await rest(app, "GET", USERS, { headers: { cookie: await signIn(app, email) } });

    expectRefusal(answer, 401, "admin.access.denied");
  });

  test.each(rpcDoors)("%s answers as REST does", async (door) => {
    const administrator = rpcClient(app, door, UserService, await asAdministrator(app));
    const { uid, email } = await someAccount(app, { role: door === "gRPC" ? "accountant" : "compliance" });
    const role = door === "gRPC" ? "acc" : "comp";

    const listed = await administrator.listUsers({ limit: 1 });
    const found = await administrator.searchUsers({ field: "role", value: role });
    await administrator.updateUser({ uid, state: UserState.BANNED });
    const { user } = await administrator.getUser({ uid });

    expect(listed.users.map((each) => each.email)).toEqual(["admin@barong.io"]);
    expect(found.users.filter((each) => each.email === email)).toHaveLength(1);
    expect(user).toMatchObject({ email, state: UserState.BANNED, labels: [], phones: [], documents: [] });
    expect(await reasonsOf(administrator.updateUser({ uid, state: UserState.BANNED }))).toEqual([
      "admin.user.state_no_change",
    ]);
    expect(await reasonsOf(administrator.updateUser({ uid, state: 77 as UserState }))).toEqual([
      "admin.user.invalid_state",
    ]);
    const member = rpcClient(app, door, UserService, { cookie: await signIn(app, await activeMember(app)) });
    expect(await reasonsOf(member.listUsers({}))).toEqual(["admin.access.denied"]);
  });
});
