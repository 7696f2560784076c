import { setTimeout as pause } from "node:timers/promises";
import { hash as bcrypt } from "@node-rs/bcrypt";
import { expect, test } from "vitest";
import { UserService } from "../../../gen/barong/resource/v1/user_service_pb.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { describeEachDatabase } from "../../support/databases.js";
import { activeMember, bearerFor, cookieOf, expectRefusal, post, rest, signIn } from "../../support/rest.js";
import { reasonsOf, rpcClient, rpcDoors } from "../../support/rpc.js";
import { PASSWORD, startedApp } from "../../support/start-app.js";

const CHANGE = "/resource/users/password";
const NEW_PASSWORD = "Gol4aid2";
const WRONG = "Fai5aesoLEcx";

interface Member {
  readonly email: string;
  readonly cookie: string;
}

describeEachDatabase("changing a password", (database) => {
  const now = { moment: new Date() };
  const app = startedApp(database, { clock: () => now.moment });

  async function member(): Promise<Member> {
    const email = await activeMember(app);
    return { email, cookie: await signIn(app, email) };
  }

  async function idOf({ email }: Member): Promise<number> {
    const account = await app.rooms.accounts.byEmail(email);
    if (!account) throw new Error(`there is no account ${email}`);
    return account.id;
  }

  const log = async (dana: Member) =>
    (await app.rooms.activities.latest(await idOf(dana), 20))
      .filter(({ topic }) => topic === "password")
      .map(({ action, result, data }) => [action, result, data])
      .reverse();

  const send = ({ cookie }: Member, json: object) => rest(app, "PUT", CHANGE, { json, headers: { cookie } });
  const change = (dana: Member, old_password: string, new_password = NEW_PASSWORD, again = new_password) =>
    send(dana, { old_password, new_password, confirm_password: again });
  const me = (headers: Record<string, string>) => rest(app, "GET", "/resource/users/me", { headers });

  test("the new password signs in and the old one no longer does", async () => {
    const dana = await member();

    expect(await change(dana, PASSWORD)).toMatchObject({ status: 201, body: 201 });

    await signIn(app, dana.email, NEW_PASSWORD);
    const old = await post(app, "/identity/sessions", { email: dana.email, password: PASSWORD });
    expectRefusal(old, 401, "identity.session.invalid_params");
    expect(await log(dana)).toEqual([["password change", "succeed", null]]);
  });

  test("every session ends but the one that asked, which goes on under a new token, and so do bearer tokens", async () => {
    const dana = await member();
    const elsewhere = await signIn(app, dana.email);
    const authorization = await bearerFor(app, elsewhere);
    now.moment = secondsAfter(now.moment, 2);

    const answer = await change(dana, PASSWORD);

    for (const cookie of [dana.cookie, elsewhere])
      expectRefusal(await me({ cookie }), 401, "authz.invalid_session");
    expectRefusal(await me({ authorization }), 401, "jwt.decode_and_verify");
    expect((await me({ cookie: cookieOf(answer) })).status).toBe(200);
  });

  test("behind a gateway the session of the cookie beside the bearer token goes on", async () => {
    const dana = await member();
    const authorization = await bearerFor(app, dana.cookie);
    const json = { old_password: PASSWORD, new_password: NEW_PASSWORD, confirm_password: NEW_PASSWORD };

    const answer = await rest(app, "PUT", CHANGE, { json, headers: { authorization, cookie: dana.cookie } });

    expectRefusal(await me({ cookie: dana.cookie }), 401, "authz.invalid_session");
    expect((await me({ cookie: cookieOf(answer) })).status).toBe(200);
  });

  test("a cookie of somebody else's session brings no session into being", async () => {
    const dana = await member();
    const eve = await member();
    const authorization = await bearerFor(app, dana.cookie);
    const json = { old_password: PASSWORD, new_password: NEW_PASSWORD, confirm_password: NEW_PASSWORD };

    const answer = await rest(app, "PUT", CHANGE, { json, headers: { authorization, cookie: eve.cookie } });

    expect(answer.status).toBe(201);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect((await me({ cookie: eve.cookie })).status).toBe(200);
  });

  test("what is missing or blank is told", async () => {
    const dana = await member();
    const names = ["old_password", "new_password", "confirm_password"];

    expectRefusal(
      await send(dana, {}),
      400,
      ...names.flatMap((name) => [`resource.user.missing_${name}`, `resource.user.empty_${name}`]),
    );
    const blank = Object.fromEntries(names.map((name) => [name, " "]));
    expectRefusal(await send(dana, blank), 400, ...names.map((name) => `resource.user.empty_${name}`));
    const long = Object.fromEntries(names.map((name) => [name, "p".repeat(1025)]));
    expectRefusal(await send(dana, long), 422, ...names.map((name) => `resource.user.invalid_${name}`));
    expect(await log(dana)).toEqual([]);
  });

  test("a refusal says why, is in the log, and changes nothing", async () => {
    const dana = await member();

    expectRefusal(await change(dana, WRONG, NEW_PASSWORD, "Gol4aid1"), 422, "resource.password.doesnt_match");
    expectRefusal(await change(dana, WRONG, "weak"), 400, "resource.password.prev_pass_not_correct");
    expectRefusal(await change(dana, PASSWORD, PASSWORD), 400, "resource.password.no_change_provided");
    expectRefusal(
      await change(dana, PASSWORD, "password"),
      422,
      "password.requirements",
      "password.password.password_strength",
    );

    const reasons = [
      "New passwords don't match",
      "Previous password is not correct",
      "New password cant be the same, as old one",
      "Password does not meet the minimum requirements and Password is too weak",
    ];
    expect(await log(dana)).toEqual(
      reasons.map((reason) => ["password change", "failed", JSON.stringify({ reason })]),
    );
    expect((await me({ cookie: dana.cookie })).status).toBe(200);
    await signIn(app, dana.email);
  });

  test("the other Unicode form of the old password is no new one", async () => {
    const dana = await member();
    const [composed, decomposed] = ["Tecohvé0Gol4", "Tecohvé0Gol4"].map((text, at) =>
      text.normalize(at === 0 ? "NFC" : "NFD"),
    );
    await change(dana, PASSWORD, composed);
    const again = { ...dana, cookie: await signIn(app, dana.email, composed) };

    const refused = await change(again, composed ?? "", decomposed);

    expectRefusal(refused, 400, "resource.password.no_change_provided");
  });

  test("guessing the old password is stopped for an hour, for this account alone", async () => {
    const [dana, other] = [await member(), await member()];
    for (let guess = 0; guess < 10; guess += 1) expect((await change(dana, WRONG)).status).toBe(400);

    const stopped = await change(dana, PASSWORD);

    expectRefusal(stopped, 429, "server.too_many_requests");
    const wait = Number(stopped.headers.get("retry-after"));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(3600);
    expect((await change(other, PASSWORD)).status).toBe(201);
    now.moment = secondsAfter(now.moment, wait);
    const later = { ...dana, cookie: await signIn(app, dana.email) };
    expect((await change(later, PASSWORD)).status).toBe(201);
  });

  test("the right old password forgives the wrong ones before it", async () => {
    const dana = await member();
    for (let guess = 0; guess < 9; guess += 1) expect((await change(dana, WRONG)).status).toBe(400);
    expect((await change(dana, PASSWORD, PASSWORD)).status).toBe(400);

    for (let guess = 0; guess < 9; guess += 1) expect((await change(dana, WRONG)).status).toBe(400);
    expect((await change(dana, PASSWORD)).status).toBe(201);
  });

  test("of parallel changes one wins, and its password holds", async () => {
    const dana = await member();
    const passwords = ["Gol4aid1", "ZahSh8ei", "zieV0Kai", "Fai5aesoLEcx"];

    const answers = await Promise.all(passwords.map((password) => change(dana, PASSWORD, password)));

    const won = answers.findIndex(({ status }) => status === 201);
    const lost = answers.filter((_, at) => at !== won);
    // Late ones find their session ended.
    for (const { status } of lost) expect([400, 401]).toContain(status);
    await signIn(app, dana.email, passwords[won]);
    expect((await log(dana)).filter(([, result]) => result === "succeed")).toHaveLength(1);
  });

  test("a password that was replaced while the old one was being checked stays", async () => {
    const dana = await member();
    const id = await idOf(dana);
    const digest = await app.rooms.hasher.hash(NEW_PASSWORD);

    const late = await app.database.transaction(async (tx) => {
      await app.rooms.accounts.lock(id, tx);
      const changing = change(dana, PASSWORD, "Gol4aid1");
      // Long enough for it to have checked the old password.
      await pause(500);
      await app.rooms.accounts.setPassword({ id }, digest, tx);
      return { changing };
    });

    const answer = await late.changing;
    expect([400, 401]).toContain(answer.status);
    await signIn(app, dana.email, NEW_PASSWORD);
  });

  test("a digest of Barong 2 is an old password as well", async () => {
    const dana = await member();
    const digest = await bcrypt(PASSWORD, { cost: 4 });
    await app.database.sequelize.query("UPDATE users SET password_digest = :digest WHERE email = :email", {
      replacements: { digest, email: dana.email },
    });

    expectRefusal(await change(dana, WRONG), 400, "resource.password.prev_pass_not_correct");
    expect((await change(dana, PASSWORD)).status).toBe(201);
  });

  test("other services are told of the change, with the account as it is then", async () => {
    const dana = await member();
    const account = await app.rooms.accounts.byId(await idOf(dana));
    now.moment = secondsAfter(now.moment, 5);

    await change(dana, PASSWORD);

    const told = (await app.rooms.events.of(account?.id ?? 0)).at(-1);
    expect(told).toEqual({
      name: "system.user.password.change",
      accountId: account?.id,
      payload: {
        uid: account?.uid,
        email: dana.email,
        role: "member",
        level: 1,
        otp: false,
        state: "active",
        created_at: `${account?.createdAt.toISOString().slice(0, 19)}Z`,
        updated_at: `${now.moment.toISOString().slice(0, 19)}Z`,
      },
    });
  });

  test("nobody changes a password without being signed in, nor a page of another origin", async () => {
    const dana = await member();
    const json = { old_password: PASSWORD, new_password: NEW_PASSWORD, confirm_password: NEW_PASSWORD };

    expectRefusal(await rest(app, "PUT", CHANGE, { json }), 401, "jwt.decode_and_verify");
    const headers = { cookie: dana.cookie, origin: "https://evil.example" };
    expectRefusal(await rest(app, "PUT", CHANGE, { json, headers }), 403, "authz.origin_refused");
  });

  test.each(rpcDoors)("can be done over %s", async (door) => {
    const dana = await member();
    const users = rpcClient(app, door, UserService, { cookie: dana.cookie });
    const request = { oldPassword: PASSWORD, newPassword: NEW_PASSWORD, confirmPassword: NEW_PASSWORD };

    const wrong = users.changePassword({ ...request, oldPassword: WRONG });
    expect(await reasonsOf(wrong)).toEqual(["resource.password.prev_pass_not_correct"]);
    await users.changePassword(request);

    expect(await reasonsOf(users.getMe({}))).toEqual(["authz.invalid_session"]);
    await signIn(app, dana.email, NEW_PASSWORD);
  });
});
