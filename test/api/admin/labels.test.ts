import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { CreateLabelRequestSchema, LabelService } from "../../../gen/barong/admin/v1/label_service_pb.js";
import { LabelScope } from "../../../gen/barong/entities/v1/label_pb.js";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember, bearerFor, expectRefusal, rest, signIn } from "../../support/rest.js";
import { startedApp } from "../../support/start-app.js";
import { clientOf, connectTransport, grpcClient } from "../../wire/clients.js";

const LABELS = "/admin/users/labels";

describeEachDatabase("staff about the labels of accounts", (database) => {
  const app = startedApp(database);

  /** The first administrator's calls. */
  async function staff() {
    const headers = { cookie: await signIn(app, "admin@barong.io") };
    return {
      headers,
      add: (json: object) => rest(app, "POST", LABELS, { headers, json }),
      change: (json: object) => rest(app, "PUT", LABELS, { headers, json }),
      remove: (json: object) => rest(app, "DELETE", LABELS, { headers, json }),
    };
  }

  async function member() {
    const email = await activeMember(app);
    const account = await app.rooms.accounts.byEmail(email);
    if (!account) throw new Error(`there is no account ${email}`);
    const { id, uid } = account;
    return {
      email,
      uid,
      level: async () => (await app.rooms.accounts.byUid(uid))?.level,
      labels: async () =>
        (await app.rooms.labels.ofAccount(id)).map(({ key, value, scope }) => `${scope} ${key}:${value}`),
    };
  }

  test("a label is public unless it is made private", async () => {
    const admin = await staff();
    const { uid, labels } = await member();

    const made = await admin.add({ uid, key: " VIP ", value: "Gold" });
    const hidden = await admin.add({ uid, key: "vip", value: "gold", scope: "private" });

    expect(made).toMatchObject({ status: 201, body: 201 });
    expect(hidden).toMatchObject({ status: 201, body: 201 });
    expect(await labels()).toEqual(["private email:verified", "public vip:gold", "private vip:gold"]);
  });

  test("private labels carry the level up, step by step and only in their order", async () => {
    const admin = await staff();
    const { uid, level } = await member();
    const prove = (key: string) => admin.add({ uid, key, value: "verified", scope: "private" });

    expect(await level()).toBe(1);
    await prove("document");
    expect(await level()).toBe(1);
    await prove("phone");
    expect(await level()).toBe(3);
  });

  test("a changed or deleted private label takes the level down, and back up again", async () => {
    const admin = await staff();
    const { uid, level } = await member();
    const email = { uid, key: "email", scope: "private" };
    await admin.add({ uid, key: "phone", value: "verified", scope: "private" });
    expect(await level()).toBe(2);

    expect(await admin.change({ ...email, value: "rejected" })).toMatchObject({ status: 200, body: 200 });
    expect(await level()).toBe(0);
    await admin.change({ ...email, value: "Verified" });
    expect(await level()).toBe(2);
    expect(await admin.remove(email)).toMatchObject({ status: 204, body: "" });
    expect(await level()).toBe(0);
    await admin.add({ ...email, value: "verified" });
    expect(await level()).toBe(2);
  });

  test("public labels have no effect on the level", async () => {
    const admin = await staff();
    const { uid, level, labels } = await member();
    const phone = { uid, key: "phone", scope: "public" };
    const email = { uid, key: "email", scope: "public" };

    await admin.add({ ...phone, value: "verified" });
    await admin.add({ ...email, value: "verified" });
    expect(await level()).toBe(1);
    await admin.change({ ...email, value: "rejected" });
    await admin.remove(phone);

    expect(await level()).toBe(1);
    expect(await labels()).toEqual(["private email:verified", "public email:rejected"]);
  });

  test("of two labels with a key only the one of the named scope is changed and deleted", async () => {
    const admin = await staff();
    const { uid, labels } = await member();
    await admin.add({ uid, key: "vip", value: "gold" });
    await admin.add({ uid, key: "vip", value: "gold", scope: "private" });

    await admin.change({ uid, key: "VIP", scope: "private", value: "silver" });
    expect(await labels()).toEqual(["private email:verified", "public vip:gold", "private vip:silver"]);
    await admin.remove({ uid, key: "Vip", scope: "private" });
    expect(await labels()).toEqual(["private email:verified", "public vip:gold"]);
  });

  test("a label can be deleted by query as well", async () => {
    const { headers } = await staff();
    const { uid, labels } = await member();

    const removed = await rest(app, "DELETE", `${LABELS}?uid=${uid}&key=email&scope=private`, { headers });

    expect(removed).toMatchObject({ status: 204, body: "" });
    expect(await labels()).toEqual([]);
  });

  test("a key is taken once per scope, also when many take it at once", async () => {
    const admin = await staff();
    const { uid, labels } = await member();
    const phone = { uid, key: "phone", value: "verified", scope: "private" };

    const answers = await Promise.all(Array.from({ length: 8 }, () => admin.add(phone)));

    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused).toHaveLength(7);
    for (const answer of refused) expectRefusal(answer, 422, "key.taken");
    expect(await labels()).toEqual(["private email:verified", "private phone:verified"]);
  });

  test("two proofs that come at the same moment both count", async () => {
    const admin = await staff();
    const { uid, level } = await member();

    await Promise.all(
      ["phone", "document"].map((key) => admin.add({ uid, key, value: "verified", scope: "private" })),
    );

    expect(await level()).toBe(3);
  });

  test("the owner sees his private labels and cannot change them", async () => {
    const admin = await staff();
    const { uid, email, labels } = await member();
    await admin.add({ uid, key: "aml", value: "clean", scope: "private" });
    const headers = { cookie: await signIn(app, email) };

    const shown = await rest(app, "GET", "/resource/labels/aml", { headers });

    expect(shown).toMatchObject({ status: 200, body: { value: "clean", scope: "private" } });
    const deleted = await rest(app, "DELETE", "/resource/labels/aml", { headers });
    expectRefusal(deleted, 400, "resource.labels.private");
    expect(await labels()).toContain("private aml:clean");
  });

  test("the verdict about documents is told to other services, whenever it changes or goes", async () => {
    const admin = await staff();
    const { uid, email } = await member();
    const document = { uid, key: "document", scope: "private" };
    const id = (await app.rooms.accounts.byUid(uid))?.id ?? 0;
    const before = (await app.rooms.events.of(id)).length;

    await admin.add({ ...document, value: "pending" });
    await admin.change({ ...document, value: "rejected" });
    await admin.change({ ...document, value: "rejected" });
    await admin.change({ ...document, value: "verified" });
    await admin.remove(document);
    await admin.add({ uid, key: "document", value: "rejected" });

    const payload = { uid, email };
    expect((await app.rooms.events.of(id)).slice(before)).toEqual([
      { name: "system.document.rejected", accountId: id, payload },
      { name: "system.document.verified", accountId: id, payload },
      { name: "system.document.verified", accountId: id, payload },
    ]);
  });

  test("unknown accounts and unknown labels are told apart", async () => {
    const admin = await staff();
    const { uid } = await member();
    const unknown = [`ID0000000000`, `${uid}\u0000`, uid.toLowerCase()];
    const vip = { uid, key: "vip", scope: "private" };

    for (const other of unknown) {
      const label = { uid: other, key: "email", scope: "private" };
      expectRefusal(await admin.add({ ...label, value: "gold" }), 404, "admin.user.doesnt_exist");
      expectRefusal(await admin.change({ ...label, value: "gold" }), 404, "admin.user.doesnt_exist");
      expectRefusal(await admin.remove(label), 404, "admin.user.doesnt_exist");
    }
    expectRefusal(await admin.change({ ...vip, value: "gold" }), 404, "admin.label.doesnt_exist");
    expectRefusal(await admin.remove(vip), 404, "admin.label.doesnt_exist");
    const otherScope = { uid, key: "email", scope: "public" };
    expectRefusal(await admin.remove(otherScope), 404, "admin.label.doesnt_exist");
  });

  test("what is missing and what is blank are told apart", async () => {
    const admin = await staff();
    const { uid } = await member();
    const absent = (...names: string[]) =>
      names.flatMap((name) => [`admin.user.missing_${name}`, `admin.user.empty_${name}`]);

    expectRefusal(await admin.add({}), 400, ...absent("uid", "key", "value"));
    expectRefusal(await admin.change({}), 400, ...absent("uid", "key", "scope", "value"));
    expectRefusal(await admin.remove({}), 400, ...absent("uid", "key", "scope"));
    const blank = { uid: " ", key: "", value: "\u00a0", scope: "" };
    const empty = ["uid", "key", "value", "scope"].map((name) => `admin.user.empty_${name}`);
    expectRefusal(await admin.add(blank), 400, ...empty);
    expectRefusal(await admin.remove({ uid, key: "email", scope: " " }), 400, "admin.user.empty_scope");
  });

  test("labels that break the rules are refused, and nothing is saved", async () => {
    const admin = await staff();
    const { uid, labels } = await member();

    const short = await admin.add({ uid, key: "ab", value: "c", scope: "secret" });
    expectRefusal(short, 422, "key.too_short", "value.too_short", "scope.inclusion");
    const change = { uid, key: "email", scope: "private", value: "not ok" };
    expectRefusal(await admin.change(change), 422, "value.invalid");
    expectRefusal(await admin.remove({ uid, key: "email", scope: "secret" }), 422, "scope.inclusion");

    expect(await labels()).toEqual(["private email:verified"]);
  });

  test("whoever is no administrator is turned away before his request is looked at", async () => {
    const { uid, email, labels } = await member();
    const headers = { cookie: await signIn(app, email) };
    const label = { uid, key: "phone", value: "verified", scope: "private" };

    for (const method of ["POST", "PUT", "DELETE"]) {
      for (const json of [label, {}]) {
        expectRefusal(await rest(app, method, LABELS, { headers, json }), 401, "admin.access.denied");
      }
      expectRefusal(await rest(app, method, LABELS, { json: label }), 401, "jwt.decode_and_verify");
    }

    expect(await labels()).toEqual(["private email:verified"]);
  });

  test("Connect answers as REST does", async () => {
    const { headers } = await staff();
    const { uid, level, email } = await member();
    const admin = clientOf(LabelService, connectTransport(app.http));
    const proof = { uid, key: "phone", scope: LabelScope.PRIVATE };

    await admin.createLabel({ ...proof, value: "verified" }, { headers });
    expect(await level()).toBe(2);
    await admin.deleteLabel(proof, { headers });
    expect(await level()).toBe(1);
    await expect(admin.deleteLabel(proof, { headers })).rejects.toMatchObject({ code: Code.NotFound });
    const own = { cookie: await signIn(app, email) };
    await expect(admin.deleteLabel(proof, { headers: own })).rejects.toMatchObject({
      code: Code.PermissionDenied,
    });
  });

  test("gRPC answers as REST does", async () => {
    const admin = await staff();
    const authorization = await bearerFor(app, admin.headers.cookie);
    const { uid, labels } = await member();
    const { call } = grpcClient(app.grpcPort);
    const add = () =>
      call(
        LabelService.method.createLabel,
        create(CreateLabelRequestSchema, { uid, key: "VIP", value: "gold" }),
        { headers: { authorization } },
      );

    expect(await add()).toMatchObject({ code: 0 });
    expect((await add()).reasons).toEqual(["key.taken"]);
    expect(await labels()).toEqual(["private email:verified", "public vip:gold"]);
  });
});
