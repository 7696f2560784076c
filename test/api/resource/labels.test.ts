import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { LabelScope } from "../../../gen/barong/entities/v1/label_pb.js";
import { GetLabelRequestSchema, LabelService } from "../../../gen/barong/resource/v1/label_service_pb.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember, bearerFor, expectRefusal, rest, signIn } from "../../support/rest.js";
import { start, startedApp } from "../../support/start-app.js";
import { clientOf, connectTransport, grpcClient } from "../../wire/clients.js";

const LABELS = "/resource/labels";
const MOMENT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const EMAIL_PROOF = { key: "email", value: "verified", scope: "private" };

describeEachDatabase("the labels of the signed-in account", (database) => {
  const app = startedApp(database);

  /** Somebody with an account, and calls in his name. */
  async function member() {
    const email = await activeMember(app);
    const headers = { cookie: await signIn(app, email) };
    const one = (key: string) => `${LABELS}/${encodeURIComponent(key)}`;
    return {
      email,
      headers,
      list: () => rest(app, "GET", LABELS, { headers }),
      show: (key: string) => rest(app, "GET", one(key), { headers }),
      add: (json: object) => rest(app, "POST", LABELS, { headers, json }),
      change: (key: string, json: object) => rest(app, "PATCH", one(key), { headers, json }),
      remove: (key: string) => rest(app, "DELETE", one(key), { headers }),
      keys: async () => {
        const { body } = await rest(app, "GET", LABELS, { headers });
        return (body as { key: string; scope: string }[]).map(({ key, scope }) => `${scope} ${key}`);
      },
    };
  }

  async function accountOf(email: string) {
    const account = await app.rooms.accounts.byEmail(email);
    if (!account) throw new Error(`there is no account ${email}`);
    return account;
  }

  async function setPrivate(email: string, key: string, value: string) {
    const account = await accountOf(email);
    await app.database.transaction((tx) => app.rooms.labels.setPrivate(account, key, value, tx));
  }

  test("a label is made public, whatever scope is asked for", async () => {
    const dana = await member();

    const made = await dana.add({ key: "nickname", value: "dana", scope: "private" });

    const expected = {
      key: "nickname",
      value: "dana",
      scope: "public",
      created_at: MOMENT,
      updated_at: MOMENT,
    };
    expect(made).toMatchObject({ status: 201, body: expected });
    expect(Object.keys(made.body as object)).toEqual(Object.keys(expected));
    expect(await dana.show("nickname")).toMatchObject({ status: 200, body: made.body });
  });

  test("the list has the labels of both scopes in the order in which they were made", async () => {
    const dana = await member();
    await dana.add({ key: "zebra", value: "one" });
    await setPrivate(dana.email, "phone", "verified");
    await dana.add({ key: "apple", value: "two" });

    const { status, body } = await dana.list();

    expect(status).toBe(200);
    expect(body).toEqual([
      { ...EMAIL_PROOF, created_at: MOMENT, updated_at: MOMENT },
      { key: "zebra", value: "one", scope: "public", created_at: MOMENT, updated_at: MOMENT },
      { key: "phone", value: "verified", scope: "private", created_at: MOMENT, updated_at: MOMENT },
      { key: "apple", value: "two", scope: "public", created_at: MOMENT, updated_at: MOMENT },
    ]);
  });

  test("capitals and blanks around do not count, in what is stored and in what is asked for", async () => {
    const dana = await member();

    const made = await dana.add({ key: " NickName\t", value: " DaNa " });

    expect(made).toMatchObject({ status: 201, body: { key: "nickname", value: "dana" } });
    expect(await dana.show(" NICKNAME ")).toMatchObject({ status: 200, body: { value: "dana" } });
    expect(await dana.change("NickName", { value: "DANNY" })).toMatchObject({
      status: 200,
      body: { key: "nickname", value: "danny" },
    });
    expect((await dana.remove("nickNAME")).status).toBe(204);
  });

  test("a changed label stays public and in its place", async () => {
    const dana = await member();
    await dana.add({ key: "first", value: "one" });
    await dana.add({ key: "second", value: "two" });

    const changed = await dana.change("first", { value: "three", scope: "private" });

    expect(changed).toMatchObject({ status: 200, body: { key: "first", value: "three", scope: "public" } });
    expect(await dana.keys()).toEqual(["private email", "public first", "public second"]);
    expect(await dana.show("first")).toMatchObject({ body: { value: "three" } });
  });

  test("a deleted label is gone, and its key free again", async () => {
    const dana = await member();
    await dana.add({ key: "nickname", value: "dana" });

    expect(await dana.remove("nickname")).toMatchObject({ status: 204, body: "" });

    expectRefusal(await dana.show("nickname"), 404, "record.not_found");
    expectRefusal(await dana.remove("nickname"), 404, "record.not_found");
    expect((await dana.add({ key: "nickname", value: "other" })).status).toBe(201);
  });

  test("a key is taken in any spelling, and the label that has it stays as it was", async () => {
    const dana = await member();
    await dana.add({ key: "nickname", value: "dana" });

    expectRefusal(await dana.add({ key: " NICKNAME", value: "other" }), 422, "key.taken");

    expect(await dana.show("nickname")).toMatchObject({ body: { value: "dana" } });
  });

  test("of many who make the same label at once exactly one does", async () => {
    const dana = await member();

    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, at) => dana.add({ key: "nickname", value: `dana-${at}` })),
    );

    const [made, ...others] = answers.filter(({ status }) => status === 201);
    expect(others).toEqual([]);
    for (const answer of answers) if (answer !== made) expectRefusal(answer, 422, "key.taken");
    expect(await dana.show("nickname")).toMatchObject({ body: made?.body });
  });

  test("a private label can be seen but neither changed nor deleted", async () => {
    const dana = await member();

    expect(await dana.show("email")).toMatchObject({ status: 200, body: EMAIL_PROOF });
    expectRefusal(await dana.change("email", { value: "pending" }), 400, "resource.labels.private");
    expectRefusal(await dana.remove("EMAIL"), 400, "resource.labels.private");

    expect(await dana.show("email")).toMatchObject({ body: EMAIL_PROOF });
  });

  test("a public label beside a private one of the same key is the one that is shown, changed and deleted", async () => {
    const dana = await member();

    expect((await dana.add({ key: "email", value: "mine" })).status).toBe(201);

    expect(await dana.show("email")).toMatchObject({ body: { value: "mine", scope: "public" } });
    expect(await dana.change("email", { value: "still-mine" })).toMatchObject({ status: 200 });
    expect((await dana.remove("email")).status).toBe(204);
    expect(await dana.show("email")).toMatchObject({ body: EMAIL_PROOF });
    expect(await accountOf(dana.email)).toMatchObject({ level: 1 });
  });

  test("public labels do not carry a level", async () => {
    const dana = await member();

    await dana.add({ key: "phone", value: "verified" });
    await dana.add({ key: "document", value: "verified" });
    await dana.change("phone", { value: "rejected" });
    await dana.remove("document");

    const account = await accountOf(dana.email);
    expect(account.level).toBe(1);
    const told = (await app.rooms.events.of(account.id)).map(({ name }) => name);
    expect(told.filter((name) => name.startsWith("system.document"))).toEqual([]);
  });

  test("what is missing and what is blank are told apart", async () => {
    const dana = await member();

    const blank = { key: " \u3000", value: "" };
    const missing = ["missing_key", "empty_key", "missing_value", "empty_value"];
    expectRefusal(await dana.add({}), 400, ...missing.map((code) => `resource.label.${code}`));
    expectRefusal(await dana.add(blank), 400, "resource.label.empty_key", "resource.label.empty_value");
    const noValue = ["resource.label.missing_value", "resource.label.empty_value"];
    expectRefusal(await dana.change("email", {}), 400, ...noValue);
    expectRefusal(await dana.change("email", { value: " " }), 400, "resource.label.empty_value");
  });

  test.each([
    ["short", { key: "ab", value: "cd" }, ["key.too_short", "value.too_short"]],
    ["long", { key: "k".repeat(256), value: "v".repeat(256) }, ["key.too_long", "value.too_long"]],
    ["of other characters", { key: "my key", value: "größe" }, ["key.invalid", "value.invalid"]],
    [
      "of other characters in front of many blanks",
      { key: `<b>${" ".repeat(1100)}`, value: "one" },
      ["key.invalid"],
    ],
    ["with a zero byte", { key: "key\u0000", value: "one" }, ["key.invalid"]],
  ])("keys and values that are %s are refused, and nothing is saved", async (_what, json, codes) => {
    const dana = await member();

    expectRefusal(await dana.add(json), 422, ...codes);

    expect(await dana.keys()).toEqual(["private email"]);
  });

  test("a value of 3 to 255 characters is a good one", async () => {
    const dana = await member();

    expect((await dana.add({ key: "a-1", value: "v".repeat(255) })).status).toBe(201);
    expect((await dana.add({ key: "k".repeat(255), value: "v_2" })).status).toBe(201);
  });

  test("a changed value obeys the same rules, and the old one stays when it does not", async () => {
    const dana = await member();
    await dana.add({ key: "nickname", value: "dana" });

    expectRefusal(await dana.change("nickname", { value: "no" }), 422, "value.too_short");
    expectRefusal(await dana.change("nickname", { value: "not ok" }), 422, "value.invalid");
    expectRefusal(await dana.change("nickname", { value: ["dan"] }), 422, "resource.label.invalid_value");

    expect(await dana.show("nickname")).toMatchObject({ body: { value: "dana" } });
  });

  test.each(["unknown", "ab", "email\u0000", "%"])("%j is nobody's key", async (key) => {
    const dana = await member();

    expectRefusal(await dana.show(key), 404, "record.not_found");
    expectRefusal(await dana.change(key, { value: "value" }), 404, "record.not_found");
    expectRefusal(await dana.remove(key), 404, "record.not_found");
  });

  test("the labels of others are out of reach", async () => {
    const dana = await member();
    const eve = await member();
    await dana.add({ key: "nickname", value: "dana" });

    expectRefusal(await eve.show("nickname"), 404, "record.not_found");
    expectRefusal(await eve.change("nickname", { value: "eve" }), 404, "record.not_found");
    expectRefusal(await eve.remove("nickname"), 404, "record.not_found");
    expect((await eve.add({ key: "nickname", value: "eve" })).status).toBe(201);

    expect(await dana.show("nickname")).toMatchObject({ body: { value: "dana" } });
  });

  test("an account has at most 100 public labels, also when they come at once", async () => {
    const dana = await member();
    const { id } = await accountOf(dana.email);
    for (let made = 0; made < 98; made += 1) await app.rooms.labels.create(id, `label-${made}`, "one");

    const answers = await Promise.all(
      ["one", "two", "three", "four"].map((key) => dana.add({ key, value: "more" })),
    );

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(2);
    for (const answer of answers.filter(({ status }) => status !== 201))
      expectRefusal(answer, 400, "resource.labels.limit_reached");
    expectRefusal(await dana.add({ key: "label-1", value: "again" }), 422, "key.taken");
    expect(await dana.keys()).toHaveLength(101);
    await dana.remove("label-0");
    expect((await dana.add({ key: "label-0", value: "again" })).status).toBe(201);
  });

  test("nobody reads or changes labels without an account", async () => {
    for (const [method, path] of [
      ["GET", LABELS],
      ["GET", `${LABELS}/email`],
      ["POST", LABELS],
      ["PATCH", `${LABELS}/email`],
      ["DELETE", `${LABELS}/email`],
    ] as const) {
      expectRefusal(await rest(app, method, path), 401, "jwt.decode_and_verify");
    }
  });

  test("what was put down as pending stays verified once it is", async () => {
    const dana = await member();
    const account = await accountOf(dana.email);
    const pend = () =>
      app.database.transaction((tx) => app.rooms.labels.setPendingUnlessVerified(account, "document", tx));

    await pend();
    expect(await dana.show("document")).toMatchObject({ body: { value: "pending", scope: "private" } });
    await setPrivate(dana.email, "document", "rejected");
    await pend();
    expect(await dana.show("document")).toMatchObject({ body: { value: "pending" } });
    await setPrivate(dana.email, "document", "verified");
    await pend();
    expect(await dana.show("document")).toMatchObject({ body: { value: "verified" } });
  });

  test("an update is younger than the creation, unless it changes nothing", async () => {
    const now = { moment: new Date("2019-02-26T10:44:08.500Z") };
    const app = await start(database, { clock: () => now.moment });
    try {
      const headers = { cookie: await signIn(app, await activeMember(app)) };
      await rest(app, "POST", LABELS, { headers, json: { key: "nickname", value: "dana" } });
      now.moment = secondsAfter(now.moment, 60);
      const change = (value: string) =>
        rest(app, "PATCH", `${LABELS}/nickname`, { headers, json: { value } });

      const same = { created_at: "2019-02-26T10:44:08Z", updated_at: "2019-02-26T10:44:08Z" };
      expect(await change("DANA")).toMatchObject({ status: 200, body: same });
      expect(await change("danny")).toMatchObject({ body: { ...same, updated_at: "2019-02-26T10:45:08Z" } });
    } finally {
      await app.stop();
    }
  });

  test("Connect answers as REST does", async () => {
    const { headers } = await member();
    const labels = clientOf(LabelService, connectTransport(app.http));

    const { label } = await labels.createLabel({ key: "Nickname", value: "dana" }, { headers });
    const { labels: all } = await labels.listLabels({}, { headers });

    expect(label).toMatchObject({ key: "nickname", value: "dana", scope: LabelScope.PUBLIC });
    expect(all.map(({ key, scope }) => [key, scope])).toEqual([
      ["email", LabelScope.PRIVATE],
      ["nickname", LabelScope.PUBLIC],
    ]);
    await expect(labels.deleteLabel({ key: "email" }, { headers })).rejects.toThrow("The label is private");
  });

  test("gRPC answers as REST does", async () => {
    const dana = await member();
    const authorization = await bearerFor(app, dana.headers.cookie);
    const { call } = grpcClient(app.grpcPort);
    const show = (key: string) =>
      call(LabelService.method.getLabel, create(GetLabelRequestSchema, { key }), {
        headers: { authorization },
      });

    expect((await show(" EMAIL ")).message).toMatchObject({ label: { key: "email", value: "verified" } });
    expect((await show("unknown")).reasons).toEqual(["record.not_found"]);
  });
});
