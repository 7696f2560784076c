import { beforeAll, describe, expect, test, vi } from "vitest";
import type { Account } from "../../../src/features/accounts/accounts.js";
import { describeEachDatabase, testDatabases } from "../../support/databases.js";
import { expectRefusal, rest } from "../../support/rest.js";
import { asAdministrator, someAccount } from "../../support/staff.js";
import { startedApp } from "../../support/start-app.js";

const SEARCH = "/admin/users/search";

describeEachDatabase("GET /admin/users/search", (database) => {
  const app = startedApp(database);
  let headers = { cookie: "" };
  let ann: Account;

  beforeAll(async () => {
    headers = await asAdministrator(app);
    ann = await someAccount(app, { email: "ann@example.com", role: "accountant" });
    await someAccount(app, { email: "zoë@example.com", state: "pending", referralId: ann.id });
    await someAccount(app, { email: "annika@example.com", state: "banned", level: 2, referralId: ann.id });
    await someAccount(app, { email: "bob_100%@example.com", state: "pending", level: 2, otp: true });
    await someAccount(app, { email: "an.other@example.com", state: "locked", level: 20 });
  });

  const search = (query: Readonly<Record<string, string>>) =>
    rest(app, "GET", `${SEARCH}?${new URLSearchParams(query)}`, { headers });

  /** The addresses of those who are found, before the @. */
  async function found(field: string, value: string, page: Readonly<Record<string, string>> = {}) {
    const { status, body } = await search({ field, value, ...page });
    expect(status).toBe(200);
    return (body as { email: string }[]).map(({ email }) => email.split("@")[0]);
  }

  test("answers the row of an account, without its password", async () => {
    const { body } = await search({ field: "email", value: "annika@" });

    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const row = {
      id: expect.any(Number),
      uid: expect.stringMatching(/^ID[0-9A-F]{10}$/),
      email: "annika@example.com",
      role: "member",
      level: 2,
      otp: false,
      state: "banned",
      referral_id: ann.id,
      created_at: time,
      updated_at: time,
    };
    expect(body).toEqual([row]);
    expect(Object.keys((body as object[])[0] ?? {})).toEqual(Object.keys(row));
    const [invited] = (await search({ field: "uid", value: ann.uid })).body as object[];
    expect(invited).toMatchObject({ email: ann.email, referral_id: null });
  });

  test.each([
    ["email", "an", ["an.other", "ann", "annika"]],
    ["email", "ann@example.com", ["ann"]],
    ["email", "  ANN", ["ann", "annika"]],
    ["email", "ZOE\u0308@", ["zoë"]],
    ["email", "nn", []],
    ["role", "a", ["ann", "admin"]],
    ["role", "Acc", ["ann"]],
    ["state", "pend", ["zoë", "bob_100%"]],
    ["state", "BANNED", ["annika"]],
    ["state", "active-", []],
    ["level", "2", ["annika", "bob_100%"]],
    ["level", " 20 ", ["an.other"]],
    ["otp", "true", ["bob_100%"]],
    ["otp", "Yes", ["bob_100%"]],
    ["otp", "1", ["bob_100%"]],
    ["otp", "off", ["admin", "ann", "zoë", "annika", "an.other"]],
  ])("%s %j", async (field, value, expected) => {
    expect(await found(field, value)).toEqual(expected);
  });

  test("a uid is found by its first part, in any letter case, and a referral by the whole id", async () => {
    expect(await found("uid", ann.uid.slice(0, 9).toLowerCase())).toEqual(["ann"]);
    expect(await found("uid", "id")).toHaveLength(6);
    expect(await found("referral_id", String(ann.id))).toEqual(["zoë", "annika"]);
    expect(await found("referral_id", `${ann.id}0`)).toEqual([]);
  });

  test("the empty text is the first part of any text, and of nothing else", async () => {
    const inOrder = ["admin", "an.other", "ann", "annika", "bob_100%", "zoë"];
    expect(await found("email", "")).toEqual(inOrder);
    for (const field of ["uid", "role", "state"]) expect(await found(field, "")).toHaveLength(6);
    for (const field of ["level", "otp", "referral_id"]) expect(await found(field, "")).toEqual([]);
  });

  test.each([
    ["level", "2.0"],
    ["level", "two"],
    ["level", "-1"],
    ["level", "2 or 1=1"],
    ["level", "99999999999999999999"],
    ["level", "9007199254740991"],
    ["otp", "maybe"],
    ["otp", "2"],
    ["referral_id", "null"],
    ["referral_id", "1e3"],
  ])("nobody's %s can be %j, so nobody is found", async (field, value) => {
    expect(await found(field, value)).toEqual([]);
  });

  test.each([
    "%",
    "_",
    "an%",
    "ann_",
    "\\",
    "\\%",
    "'",
    "an' or 'a'='a",
    "an\u0000",
    "ann\u{10ffff}",
    "\u{10ffff}",
  ])("%j means itself and nothing else", async (value) => {
    for (const field of ["email", "uid", "role", "state"]) expect(await found(field, value)).toEqual([]);
  });

  test("characters that are wildcards elsewhere are found where they stand", async () => {
    expect(await found("email", "bob_100%")).toEqual(["bob_100%"]);
    expect(await found("email", "bob_1")).toEqual(["bob_100%"]);
    expect(await found("email", "bob%")).toEqual([]);
  });

  test.each([
    ["email", ""],
    ["state", ""],
    ["otp", "no"],
    ["role", "m"],
  ])("the pages of %s %j hold everybody once, in the same order", async (field, value) => {
    const whole = await found(field, value);
    for (let limit = 1; limit <= whole.length + 1; limit += 1) {
      const pages = Math.ceil(whole.length / limit);

      const cut = [];
      for (let page = 1; page <= pages + 1; page += 1)
        cut.push(await found(field, value, { page: String(page), limit: String(limit) }));

      expect(cut.flat()).toEqual(whole);
      expect(cut.at(-1)).toEqual([]);
    }
  });

  test("headers tell how many were found", async () => {
    const named = async (query: Readonly<Record<string, string>>) => {
      const answer = await search({ field: "level", ...query });
      return ["total", "page", "per-page"].map((name) => answer.headers.get(name));
    };

    expect(await named({ value: "2" })).toEqual(["2", "1", "100"]);
    expect(await named({ value: "2", page: "9", limit: "1000" })).toEqual(["2", "9", "1000"]);
    expect(await named({ value: "x", page: "", limit: "" })).toEqual(["0", "1", "100"]);
  });

  test.each([
    [{}, 400, ["admin.user.missing_field", "admin.user.missing_value"]],
    [{ value: "a" }, 400, ["admin.user.missing_field"]],
    [{ field: "email" }, 400, ["admin.user.missing_value"]],
    [{ field: "bazz", value: "a" }, 422, ["admin.user.non_user_field"]],
    [{ field: "", value: "a" }, 422, ["admin.user.non_user_field"]],
    [{ field: "password_digest", value: "$" }, 422, ["admin.user.non_user_field"]],
    [{ field: "referralId", value: "1" }, 422, ["admin.user.non_user_field"]],
    [{ field: "email", value: "a".repeat(256) }, 422, ["admin.user.invalid_value"]],
    [{ field: "email", value: "a", page: "0" }, 422, ["admin.user.invalid_page"]],
    [{ field: "email", value: "a", limit: "1001" }, 422, ["admin.user.invalid_limit"]],
    [
      { field: "bazz", page: "x" },
      400,
      ["admin.user.non_user_field", "admin.user.missing_value", "admin.user.invalid_page"],
    ],
  ])("%j is refused", async (query, status, codes) => {
    expectRefusal(await search(query), status, ...codes);
  });
});

// MySQL looks at how many rows there are, and reads a small table as a whole.
describe.each(testDatabases().filter(({ name }) => name === "sqlite"))("a search on $name", (database) => {
  const app = startedApp(database);

  test("reads an index in its order, from either end", async () => {
    const headers = await asAdministrator(app);
    const { id } = await someAccount(app);
    for (let more = 0; more < 4; more += 1) await someAccount(app, { referralId: id });
    const values = {
      email: "mem",
      uid: "ID",
      role: "m",
      state: "a",
      level: "0",
      otp: "no",
      referral_id: `${id}`,
    };
    const asked = vi.spyOn(app.database.sequelize, "query");

    for (const [field, value] of Object.entries(values)) {
      for (const page of [1, 4]) {
        const query = new URLSearchParams({ field, value, page: `${page}`, limit: "1" });
        await rest(app, "GET", `${SEARCH}?${query}`, { headers });
      }
    }

    const statements = asked.mock.calls.map(([sql]) => (typeof sql === "string" ? sql : sql.query));
    const lookups = statements.filter((sql) => sql.includes("ORDER BY") && sql.includes("FROM `users`"));
    expect(lookups.map((sql) => sql.includes("DESC"))).toEqual(Array(7).fill([false, true]).flat());
    for (const sql of lookups) {
      const [plan] = await app.database.sequelize.query(`EXPLAIN QUERY PLAN ${sql}`);
      expect(plan).toEqual([
        expect.objectContaining({ detail: expect.stringMatching(/^SEARCH .* COVERING INDEX/) }),
      ]);
    }
  });
});
