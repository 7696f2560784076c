import { QueryTypes } from "sequelize";
import { expect, test, vi } from "vitest";
import { UserService } from "../../../gen/barong/resource/v1/user_service_pb.js";
import { openDatabase } from "../../../src/database/database.js";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember, expectRefusal, post, rest, signIn } from "../../support/rest.js";
import { reasonsOf, rpcClient, rpcDoors } from "../../support/rpc.js";
import { startedApp } from "../../support/start-app.js";

const LIST = "/resource/users/activity";
const WRONG = "Fai5aesoLEcx";

interface Member {
  readonly id: number;
  readonly email: string;
  readonly cookie: string;
}

interface Activity {
  readonly id: number;
  readonly topic: string;
  readonly action: string;
}

describeEachDatabase("the log that an account's owner reads", (database) => {
  const app = startedApp(database);

  async function member(): Promise<Member> {
    const email = await activeMember(app);
    const account = await app.rooms.accounts.byEmail(email);
    return { id: account?.id ?? 0, email, cookie: await signIn(app, email) };
  }

  const list = ({ cookie }: Member, topic: string, query = "") =>
    rest(app, "GET", `${LIST}/${topic}${query}`, { headers: { cookie } });
  const actionsOf = (body: unknown) => (body as readonly Activity[]).map(({ action }) => action);

  /** So many attempts of a topic, named by their number. */
  const record = ({ id }: Member, topic: string, count: number) =>
    app.database.transaction(async (tx) => {
      const from = { ip: "198.51.100.7", userAgent: "Tester/1" };
      for (let number = 1; number <= count; number += 1)
        await app.rooms.activities.succeeded({ ...from, topic, action: `${topic} ${number}` }, id, tx);
    });

  /** The statements about activities that `work` runs. */
  async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
    const query = vi.spyOn(app.database.sequelize, "query");
    try {
      await work();
      const statements = query.mock.calls.map(([sql]) => (typeof sql === "string" ? sql : sql.query));
      return statements.filter((sql) => sql.includes("`activities`"));
    } finally {
      query.mockRestore();
    }
  }

  test("what was done and tried is told newest first, in the form that clients know", async () => {
    const dana = await member();
    await post(
      app,
      "/identity/sessions",
      { email: dana.email, password: WRONG },
      { "user-agent": "Tester/1" },
    );

    const { status, body } = await list(dana, "all");

    expect(status).toBe(200);
    const [newest, first] = body as readonly Activity[];
    expect(body).toHaveLength(2);
    const names = ["id", "user_id", "user_ip", "user_agent", "topic", "action", "result", "data"];
    expect(Object.keys(newest ?? {})).toEqual([...names, "created_at"]);
    const common = {
      id: expect.any(Number),
      user_id: dana.id,
      user_ip: "127.0.0.1",
      topic: "session",
      action: "login",
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    };
    expect(newest).toEqual({
      ...common,
      user_agent: "Tester/1",
      result: "failed",
      data: '{"reason":"Invalid Email or Password"}',
    });
    expect(first).toEqual({ ...common, user_agent: expect.any(String), result: "succeed", data: null });
  });

  test("a topic has its own list, and `all` has everything", async () => {
    const dana = await member();
    await record(dana, "password", 2);
    await record(dana, "otp", 1);
    await record(dana, "password", 1);

    const told = async (topic: string) => actionsOf((await list(dana, topic)).body);

    expect(await told("password")).toEqual(["password 1", "password 2", "password 1"]);
    expect(await told("otp")).toEqual(["otp 1"]);
    expect(await told("session")).toEqual(["login"]);
    expect(await told("all")).toEqual(["password 1", "otp 1", "password 2", "password 1", "login"]);
  });

  test("a topic without rows is an empty list", async () => {
    const answer = await list(await member(), "otp");

    expect(answer).toMatchObject({ status: 200, body: [] });
    expect(answer.headers.get("total")).toBe("0");
  });

  test("nobody reads the log of another account", async () => {
    const [dana, eve] = [await member(), await member()];
    await record(dana, "password", 3);

    expect((await list(eve, "password")).body).toEqual([]);
    const everything = (await list(eve, "all")).body as readonly { user_id: number }[];
    expect(everything.map(({ user_id }) => user_id)).toEqual([eve.id]);
    expectRefusal(await rest(app, "GET", `${LIST}/all`), 401, "jwt.decode_and_verify");
  });

  test("another topic, page or limit is told", async () => {
    const dana = await member();

    expectRefusal(await list(dana, "invalid"), 422, "resource.user.wrong_topic");
    expectRefusal(await list(dana, "%20"), 400, "resource.user.wrong_topic", "resource.user.empty_topic");
    for (const page of ["0", "-1", "x", "1.5"])
      expectRefusal(await list(dana, "all", `?page=${page}`), 422, "resource.user.invalid_page");
    for (const limit of ["0", "1001", "x"])
      expectRefusal(await list(dana, "all", `?limit=${limit}`), 422, "resource.user.invalid_limit");
    expect((await list(dana, "all", "?page=&limit=")).headers.get("per-page")).toBe("100");
  });

  test("pages cut the list without a gap, and tell its length", async () => {
    const dana = await member();
    await record(dana, "otp", 7);
    const page = async (number: number) => {
      const { headers, body } = await list(dana, "otp", `?limit=3&page=${number}`);
      return [headers.get("total"), headers.get("page"), headers.get("per-page"), ...actionsOf(body)];
    };

    expect(await page(1)).toEqual(["7", "1", "3", "otp 7", "otp 6", "otp 5"]);
    expect(await page(2)).toEqual(["7", "2", "3", "otp 4", "otp 3", "otp 2"]);
    expect(await page(3)).toEqual(["7", "3", "3", "otp 1"]);
    expect(await page(4)).toEqual(["7", "4", "3"]);
    const { headers } = await list(dana, "otp", "?limit=3&page=2");
    const rels = [...(headers.get("link") ?? "").matchAll(/[?&]page=(\d+)[^>]*>; rel="(\w+)"/g)];
    expect(rels.map(([, number, rel]) => [rel, number])).toEqual([
      ["first", "1"],
      ["prev", "1"],
      ["last", "3"],
      ["next", "3"],
    ]);
  });

  test("a page beyond the end costs no look at rows", async () => {
    const dana = await member();

    const statements = await statementsOf(() => list(dana, "all", "?page=2147483647&limit=1000"));

    expect(statements).toHaveLength(1);
    expect(statements[0]).toMatch(/count\(/i);
  });

  test.each(["all", "otp"])("a deep page of %s is found in an index alone", async (topic) => {
    const dana = await member();
    await record(dana, "otp", 5);

    const [count = "", ids = "", rows = "", ...more] = await statementsOf(() =>
      list(dana, topic, "?page=2&limit=2"),
    );

    expect(more).toEqual([]);
    for (const sql of [count, ids]) expect(await planOf(sql)).toMatch(isCovered);
    expect(rows).not.toMatch(/OFFSET/i);
    expect(rows).toMatch(/`id` IN \(\d+, \d+\)/);
  });

  /** What the database says of how it would run a statement. */
  async function planOf(sql: string): Promise<string> {
    const explain = database.name === "sqlite" ? "EXPLAIN QUERY PLAN" : "EXPLAIN";
    // Beside the server's own: with libsql, a connection that has explained something reads nothing newer.
    const beside = await openDatabase(app.database.settings);
    try {
      const plan = await beside.sequelize.query(`${explain} ${sql}`, { type: QueryTypes.SELECT });
      return JSON.stringify(plan);
    } finally {
      await beside.close();
    }
  }

  const isCovered =
    database.name === "sqlite"
      ? /USING COVERING INDEX activities_user_topic/
      : /"key":"activities_user_topic".*"Extra":"[^"]*Using index/;

  test.each(rpcDoors)("is told over %s", async (door) => {
    const dana = await member();
    await record(dana, "otp", 3);
    const users = rpcClient(app, door, UserService, { cookie: dana.cookie });

    const { activities, total } = await users.listActivities({ topic: "otp", page: 2, limit: 2 });

    expect(total).toBe(3n);
    expect(activities).toMatchObject([
      { userId: BigInt(dana.id), userIp: "198.51.100.7", action: "otp 1", result: "succeed" },
    ]);
    expect(activities[0]?.data).toBeUndefined();
    expect(await reasonsOf(users.listActivities({ topic: "labels" }))).toEqual(["resource.user.wrong_topic"]);
  });
});
