import { expect, test, vi } from "vitest";
import { describeEachDatabase } from "../../support/databases.js";
import { aPdf, aPng } from "../../support/files.js";
import { activeMember, expectRefusal, post, rest, signIn } from "../../support/rest.js";
import { accountWith, asAdministrator, someAccount } from "../../support/staff.js";
import { startedApp } from "../../support/start-app.js";

const PROFILE = {
  first_name: "Ada",
  last_name: "King",
  dob: "1915-12-10",
  address: "12 St James's Square",
  postcode: "SW1Y 4LB",
  city: "London",
  country: "GB",
};
const PAPER = { doc_type: "Passport", doc_number: "AA1234BB", doc_expire: "2999-12-31" };

const second = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const times = { created_at: second, updated_at: second };

describeEachDatabase("GET /admin/users/{uid}", (database) => {
  const app = startedApp(database);

  const get = async (uid: string) =>
    rest(app, "GET", `/admin/users/${uid}`, { headers: await asAdministrator(app) });

  let known: ReturnType<typeof tellEverything> | undefined;
  /** Somebody who has told and handed in everything. */
  function knownMember() {
    known ??= tellEverything();
    return known;
  }

  async function tellEverything() {
    const email = await activeMember(app);
    const { id, uid } = await accountWith(app, email);
    const headers = { cookie: await signIn(app, email) };
    const profile = { ...PROFILE, metadata: { title: "Countess" } };
    expect((await post(app, "/resource/profiles", profile, headers)).status).toBe(201);
    await post(app, "/resource/labels", { key: "vip", value: "gold" }, headers);
    for (const number of ["+44 7418 084106", "+44 7418 084107"]) {
      await app.rooms.phones.add({ accountId: id, ip: "127.0.0.1" }, number);
    }
    const multipart = new FormData();
    for (const [name, value] of Object.entries(PAPER)) multipart.set(name, value);
    multipart.append("upload[]", new Blob([new Uint8Array(aPng())]), "front.png");
    multipart.append("upload[]", new Blob([new Uint8Array(aPdf())]), "back.pdf");
    expect((await rest(app, "POST", "/resource/documents", { headers, multipart })).status).toBe(201);
    return { email, uid };
  }

  test("answers everything that is known about an account", async () => {
    const { email, uid } = await knownMember();

    const { status, body } = await get(uid);

    const label = (key: string, value: string, scope: string) => ({ key, value, scope, ...times });
    const document = { upload: { url: expect.stringMatching(/^http/) }, ...PAPER, metadata: null, ...times };
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        ...{ email, uid, role: "member", level: 1, otp: false, state: "active" },
        profile: { ...PROFILE, metadata: { title: "Countess" } },
        labels: [
          label("email", "verified", "private"),
          label("profile", "verified", "private"),
          label("vip", "gold", "public"),
          label("document", "pending", "private"),
        ],
        phones: ["447418084106", "447418084107"].map((number) => ({
          country: "GB",
          number,
          validated_at: null,
        })),
        documents: [document, document],
        ...times,
      },
    });
  });

  test("the files of its documents can be had by their links", async () => {
    const { uid } = await knownMember();
    const { body } = await get(uid);

    const [front] = (body as { documents: { upload: { url: string } }[] }).documents;
    const { pathname, search } = new URL(front?.upload.url ?? "");
    const file = await fetch(`${app.http}${pathname}${search}`);

    expect(Buffer.from(await file.arrayBuffer())).toEqual(aPng());
  });

  test("answers an account of which nothing is known, in the order of the documentation", async () => {
    const { email, uid } = await someAccount(app, { state: "pending" });

    const { status, body } = await get(uid);

    const bare = {
      ...{ email, uid, role: "member", level: 0, otp: false, state: "pending" },
      ...{ profile: null, labels: [], phones: [], documents: [], ...times },
    };
    expect({ status, body }).toEqual({ status: 200, body: bare });
    expect(Object.keys(body as object)).toEqual(Object.keys(bare));
  });

  test("costs the same however much is known", async () => {
    const [bare, known] = [await someAccount(app), await knownMember()];
    const headers = await asAdministrator(app);
    const statementsFor = async (uid: string): Promise<number> => {
      const asked = vi.spyOn(app.database.sequelize, "query");
      await rest(app, "GET", `/admin/users/${uid}`, { headers });
      const texts = asked.mock.calls.map(([sql]) => (typeof sql === "string" ? sql : sql.query));
      asked.mockRestore();
      return texts.filter((sql) => /FROM `(users|profiles|labels|phones|documents)`/.test(sql)).length;
    };

    // One for each kind of thing; who is calling is known, or asked for elsewhere.
    expect([await statementsFor(bare.uid), await statementsFor(known.uid)]).toEqual([5, 5]);
  });

  test("an account that does not exist is not found, under no spelling of one that does", async () => {
    const { uid } = await someAccount(app);

    for (const wrong of ["ID0000000000", "labels", `${uid}%20`, `${uid}%00`, `${uid}0`, "%25"]) {
      expectRefusal(await get(wrong), 404, "admin.user.doesnt_exist");
    }
    expectRefusal(await get("%20"), 400, "admin.user.empty_uid");
  });
});
