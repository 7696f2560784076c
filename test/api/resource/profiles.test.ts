import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  CreateProfileRequestSchema,
  GetProfileRequestSchema,
  ProfileService,
} from "../../../gen/barong/resource/v1/profile_service_pb.js";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember, bearerFor, expectRefusal, rest, signIn } from "../../support/rest.js";
import { startedApp } from "../../support/start-app.js";
import { clientOf, connectTransport, grpcClient } from "../../wire/clients.js";

const PROFILES = "/resource/profiles";
const ME = `${PROFILES}/me`;

const KIM = {
  first_name: "영희",
  last_name: "김",
  dob: "1990-01-02",
  address: "서울특별시 종로구 세종대로 209, 3층",
  postcode: "03171",
  city: "서울",
  country: "KR",
};
const NAMES = Object.keys(KIM);

describeEachDatabase("the profile of the signed-in account", (database) => {
  // New Year's Eve, of which others have the next day already.
  const app = startedApp(database, { clock: () => new Date("2019-12-31T23:59:59.999Z") });

  /** Somebody with an account, and calls in his name. */
  async function member() {
    const email = await activeMember(app);
    const headers = { cookie: await signIn(app, email) };
    return {
      headers,
      tell: (json: object) => rest(app, "POST", PROFILES, { headers, json }),
      show: () => rest(app, "GET", ME, { headers }),
      labels: async () => {
        const account = await app.rooms.accounts.byEmail(email);
        const labels = await app.rooms.labels.ofAccount(account?.id ?? 0);
        return labels.map(({ key, value, scope }) => `${scope} ${key}:${value}`);
      },
    };
  }

  test("Korean names are kept, shown in the order of the fields, and label the account", async () => {
    const kim = await member();

    expect(await kim.tell(KIM)).toMatchObject({ status: 201, body: 201 });

    const { status, body } = await kim.show();
    expect({ status, body }).toEqual({ status: 200, body: { ...KIM, metadata: null } });
    expect(Object.keys(body as object)).toEqual([...NAMES, "metadata"]);
    expect(await kim.labels()).toEqual(["private email:verified", "private profile:verified"]);
  });

  test("metadata is kept as it was told", async () => {
    const kim = await member();
    const metadata = { nationality: "KR", aliases: ["Kim", null], pep: false, nested: { "": 1.5 } };

    expect((await kim.tell({ ...KIM, metadata })).status).toBe(201);

    expect(await kim.show()).toMatchObject({ body: { metadata } });
    expect((await kim.show()).body).toEqual({ ...KIM, metadata });
  });

  test("metadata may have 4 KiB as JSON, counted in bytes", async () => {
    const most = { note: "é".repeat((4096 - '{"note":""}'.length - 1) / 2) };
    const kim = await member();

    const refused = await kim.tell({ ...KIM, metadata: { note: `${most.note}éé` } });

    expectRefusal(refused, 422, "resource.profile.invalid_metadata");
    expect((await kim.tell({ ...KIM, metadata: most })).status).toBe(201);
    expect(await kim.show()).toMatchObject({ body: { metadata: most } });
  });

  test("metadata may be nested so deep that every client can still read it", async () => {
    const kim = await member();
    const nested = (levels: number) => JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`);

    const refused = await kim.tell({ ...KIM, metadata: nested(17) });
    expectRefusal(refused, 422, "resource.profile.invalid_metadata");
    expect((await kim.tell({ ...KIM, metadata: nested(16) })).status).toBe(201);

    const { call } = grpcClient(app.grpcPort);
    const request = create(GetProfileRequestSchema);
    const { message } = await call(ProfileService.method.getProfile, request, { headers: kim.headers });
    expect(message).toMatchObject({ profile: { metadata: nested(16) } });
  });

  test("white space around is dropped, and inside is one blank, but the lines of an address stay", async () => {
    const dana = await member();

    const told = await dana.tell({
      first_name: "  Mary \t Ann ",
      last_name: "O'Neil\u00a0",
      dob: "02/01/1990",
      address: "\n12  Main St.\n2nd floor ",
      postcode: " SW1A \n 1AA",
      city: " St.  John's ",
      country: " gbr ",
    });

    expect(told).toMatchObject({ status: 201 });
    expect((await dana.show()).body).toEqual({
      first_name: "Mary Ann",
      last_name: "O'Neil",
      dob: "1990-01-02",
      address: "12  Main St.\n2nd floor",
      postcode: "SW1A 1AA",
      city: "St. John's",
      country: "gbr",
      metadata: null,
    });
  });

  test("a profile can be told by form", async () => {
    const { headers, show } = await member();

    const told = await rest(app, "POST", PROFILES, { headers, form: KIM });

    expect(told).toMatchObject({ status: 201 });
    expect((await show()).body).toEqual({ ...KIM, metadata: null });
  });

  test("there is none before it is told", async () => {
    expectRefusal(await (await member()).show(), 404, "resource.profile.not_exist");
  });

  test("it is told once, and stays as it is", async () => {
    const kim = await member();
    await kim.tell(KIM);

    expectRefusal(await kim.tell({ ...KIM, first_name: "철수" }), 409, "resource.profile.exist");

    expect(await kim.show()).toMatchObject({ body: KIM });
  });

  test("of many that are told at once exactly one is kept", async () => {
    const kim = await member();

    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, at) => kim.tell({ ...KIM, postcode: `0317${at}` })),
    );

    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused).toHaveLength(7);
    for (const answer of refused) expectRefusal(answer, 409, "resource.profile.exist");
    const kept = answers.findIndex(({ status }) => status === 201);
    expect(await kim.show()).toMatchObject({ body: { postcode: `0317${kept}` } });
  });

  test("an account that staff has labelled before can tell its profile", async () => {
    const kim = await member();
    const { uid } = (await rest(app, "GET", "/resource/users/me", kim)).body as { uid: string };
    await app.rooms.labels.createFor(uid, { key: "profile", scope: "private" }, "rejected");

    expect((await kim.tell(KIM)).status).toBe(201);

    expect(await kim.labels()).toContain("private profile:verified");
  });

  test("what is missing is told in the order of the fields", async () => {
    const kim = await member();
    const { first_name: _, dob: __, ...some } = KIM;

    const missing = (...names: string[]) => names.map((name) => `resource.profile.missing_${name}`);
    expectRefusal(await kim.tell({}), 400, ...missing(...NAMES));
    expectRefusal(await kim.tell(some), 400, ...missing("first_name", "dob"));

    expectRefusal(await kim.show(), 404, "resource.profile.not_exist");
    expect(await kim.labels()).toEqual(["private email:verified"]);
  });

  test("what is blank is only ever blank", async () => {
    const kim = await member();
    const blank = Object.fromEntries(NAMES.map((name, at) => [name, ["", " ", "\t\n", "\u3000"][at % 4]]));

    expectRefusal(await kim.tell(blank), 422, ...NAMES.map((name) => `${name}.blank`));
    expectRefusal(await kim.tell({ ...KIM, first_name: "" }), 422, "first_name.blank");
  });

  test("something missing beside something wrong is a bad request", async () => {
    const { city: _, ...wrong } = { ...KIM, first_name: "<b>", country: "XX" };

    const answer = await (await member()).tell(wrong);

    expectRefusal(answer, 400, "first_name.invalid", "resource.profile.missing_city");
  });

  test.each([
    [
      "too long",
      Object.fromEntries(
        ["first_name", "last_name", "address", "postcode", "city"].map((name) => [name, "x".repeat(256)]),
      ),
      ["first_name.too_long", "last_name.too_long", "address.too_long", "postcode.too_long", "city.too_long"],
    ],
    ["a short postcode", { postcode: " 1 " }, ["postcode.too_short"]],
    [
      "other characters",
      { first_name: "Rob;", last_name: "a/b", address: "1 <Main>", postcode: "O'1", city: "x,y" },
      ["first_name.invalid", "last_name.invalid", "address.invalid", "postcode.invalid", "city.invalid"],
    ],
    ["no name but many blanks around", { first_name: `<b>${" ".repeat(1100)}` }, ["first_name.invalid"]],
  ])("%s is refused, and nothing is kept", async (_what, wrong, codes) => {
    const kim = await member();

    expectRefusal(await kim.tell({ ...KIM, ...wrong }), 422, ...codes);

    expectRefusal(await kim.show(), 404, "resource.profile.not_exist");
  });

  test.each(["01.02.1990", "1990-02-30", "30/02/1990", "1990-1-2", "yesterday", "1899-12-31", "2020-01-01"])(
    "nobody was born on %s",
    async (dob) => {
      const kim = await member();

      expectRefusal(await kim.tell({ ...KIM, dob }), 422, "resource.profile.invalid_dob");
    },
  );

  test.each([
    ["1900-01-01", "1900-01-01"],
    ["31/12/2019", "2019-12-31"],
    ["29/02/2000", "2000-02-29"],
    ["01/02/1990", "1990-02-01"],
  ])("somebody may be born on %s", async (dob, shown) => {
    const kim = await member();

    expect((await kim.tell({ ...KIM, dob })).status).toBe(201);

    expect(await kim.show()).toMatchObject({ body: { dob: shown } });
  });

  test.each(["XX", "United States", "410", "K", "ß", "XXX", "US A", "KR\u0000"])(
    "%j is no country",
    async (country) => {
      const kim = await member();

      expectRefusal(await kim.tell({ ...KIM, country }), 422, "country.invalid");

      expect(await kim.labels()).toEqual(["private email:verified"]);
    },
  );

  test.each(["us", "USA", "Ukr"])("%s is a country, and stays as it was told", async (country) => {
    const kim = await member();

    expect((await kim.tell({ ...KIM, country })).status).toBe(201);

    expect(await kim.show()).toMatchObject({ body: { country } });
  });

  test("all that is wrong with a profile is told together", async () => {
    const wrong = { ...KIM, dob: "2030-01-01", country: "XX", metadata: { note: "x".repeat(4096) } };

    const answer = await (await member()).tell(wrong);

    const codes = ["resource.profile.invalid_dob", "country.invalid", "resource.profile.invalid_metadata"];
    expectRefusal(answer, 422, ...codes);
  });

  test.each([["a text"], [["list"]], [7]])("metadata that is %j is refused", async (metadata) => {
    const kim = await member();

    expectRefusal(await kim.tell({ ...KIM, metadata }), 422, "resource.profile.invalid_metadata");
  });

  test("nobody reads or tells a profile without an account", async () => {
    expectRefusal(await rest(app, "GET", ME), 401, "jwt.decode_and_verify");
    expectRefusal(await rest(app, "POST", PROFILES, { json: KIM }), 401, "jwt.decode_and_verify");
  });

  const KIM_BY_RPC = {
    firstName: "영희",
    lastName: "김",
    dob: "02/01/1990",
    address: "서울",
    postcode: "03171",
    city: "서울",
    country: "kor",
  };

  test("Connect answers as REST does", async () => {
    const { headers } = await member();
    const profiles = clientOf(ProfileService, connectTransport(app.http));

    await profiles.createProfile({ ...KIM_BY_RPC, metadata: { age: 29 } }, { headers });

    const { profile } = await profiles.getProfile({}, { headers });
    expect(profile).toMatchObject({ ...KIM_BY_RPC, dob: "1990-01-02", metadata: { age: 29 } });
    await expect(profiles.createProfile(KIM_BY_RPC, { headers })).rejects.toThrow(
      "The account has a profile already",
    );
  });

  test("gRPC answers as REST does", async () => {
    const kim = await member();
    const headers = { authorization: await bearerFor(app, kim.headers.cookie) };
    const { call } = grpcClient(app.grpcPort);
    const { getProfile, createProfile } = ProfileService.method;
    const show = () => call(getProfile, create(GetProfileRequestSchema), { headers });

    expect((await show()).reasons).toEqual(["resource.profile.not_exist"]);
    const told = await call(createProfile, create(CreateProfileRequestSchema, KIM_BY_RPC), { headers });
    expect(told).toMatchObject({ code: 0 });
    const { message } = await show();
    expect(message).toMatchObject({ profile: { ...KIM_BY_RPC, dob: "1990-01-02" } });
  });
});
