import { expect, test } from "vitest";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Account } from "../../../src/features/accounts/accounts.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { describeEachDatabase } from "../../support/databases.js";
import {
  type Answer,
  activeMember,
  bearerFor,
  expectRefusal,
  pendingMember,
  post,
  rest,
  signIn,
} from "../../support/rest.js";
import { enableSecondFactor, nextCode, requestSeed, signInWithCode } from "../../support/second-factor.js";
import { accountWith, asAdministrator, promote, someAccount } from "../../support/staff.js";
import { PASSWORD, startedApp } from "../../support/start-app.js";

const USERS = "/admin/users";
const SESSIONS = "/identity/sessions";

describeEachDatabase("PUT /admin/users", (database) => {
  const later = { seconds: 0 };
  const app = startedApp(database, { clock: () => secondsAfter(new Date(), later.seconds) });
  // Tokens are dated by the second: one of the same second as a change may be from after it.
  const waitASecond = () => {
    later.seconds += 1;
  };

  const put = (headers: Record<string, string>, json: object) => rest(app, "PUT", USERS, { headers, json });
  const change = async (json: object) => put(await asAdministrator(app), json);
  const me = (headers: Record<string, string>) => rest(app, "GET", "/resource/users/me", { headers });
  const credentials = (email: string) => ({ email, password: PASSWORD });

  /** Another administrator, signed in. */
  async function administrator() {
    const email = await activeMember(app);
    await promote(app, email);
    const { id, uid } = await accountWith(app, email);
    return { email, id, uid, headers: { cookie: await signIn(app, email) } };
  }

  test("a banned account's session and bearer token stop at once", async () => {
    const email = await activeMember(app);
    const { uid } = await accountWith(app, email);
    const cookie = await signIn(app, email);
    const authorization = await bearerFor(app, cookie);
    waitASecond();

    const answer = await change({ uid, state: "banned" });

    expect(answer).toMatchObject({ status: 200, body: 200 });
    expectRefusal(await me({ cookie }), 401, "authz.user_not_active");
    expectRefusal(await me({ authorization }), 401, "authz.user_not_active");
    expectRefusal(await post(app, SESSIONS, credentials(email)), 401, "identity.session.banned");
  });

  test("a ban that is lifted does not bring the session back", async () => {
    const email = await activeMember(app);
    const { uid } = await accountWith(app, email);
    const cookie = await signIn(app, email);

    await change({ uid, state: "banned" });
    await change({ uid, state: "active" });

    expectRefusal(await me({ cookie }), 401, "authz.invalid_session");
    expect((await post(app, SESSIONS, credentials(email))).status).toBe(201);
  });

  test("a pending account that is made active can sign in", async () => {
    const email = await pendingMember(app);
    const { uid } = await accountWith(app, email);

    await change({ uid, state: "active" });

    const signedIn = await post(app, SESSIONS, credentials(email));
    expect(signedIn).toMatchObject({ status: 201, body: { state: "active", level: 0 } });
  });

  test("a new administrator signs in anew, and may do what administrators may", async () => {
    const email = await activeMember(app);
    const { uid } = await accountWith(app, email);
    const cookie = await signIn(app, email);

    const answer = await rest(app, "PUT", USERS, {
      headers: await asAdministrator(app),
      form: { uid, role: "Admin" },
    });

    expect(answer).toMatchObject({ status: 200, body: 200 });
    expectRefusal(await me({ cookie }), 401, "authz.invalid_session");
    const headers = { cookie: await signIn(app, email) };
    expect(await me(headers)).toMatchObject({ body: { email, role: "admin" } });
    expect((await rest(app, "GET", USERS, { headers })).status).toBe(200);
  });

  test("a dismissed administrator may do nothing more, by cookie or by token", async () => {
    const { uid, headers } = await administrator();
    const authorization = await bearerFor(app, headers.cookie);
    waitASecond();

    await change({ uid, role: "member" });

    expectRefusal(await rest(app, "GET", USERS, { headers }), 401, "authz.invalid_session");
    const byToken = await rest(app, "GET", USERS, { headers: { authorization } });
    expectRefusal(byToken, 401, "jwt.decode_and_verify");
  });

  test("a second factor that is switched off is forgotten, and another can be enrolled", async () => {
    const email = await activeMember(app);
    const { id, uid } = await accountWith(app, email);
    const lost = await enableSecondFactor(app, email);
    const before = await signInWithCode(app, email, nextCode(lost));
    const { key } = await app.rooms.apiKeys.create(id, { algorithm: "HS256", scope: ["trade"] });

    const answer = await change({ uid, otp: false });

    expect(answer).toMatchObject({ status: 200, body: 200 });
    expectRefusal(await me({ cookie: before }), 401, "authz.invalid_session");
    const cookie = await signIn(app, email);
    expectRefusal(
      await post(app, "/resource/otp/enable", { code: nextCode(lost) }, { cookie }),
      422,
      "resource.otp.invalid",
    );
    expect(await requestSeed(app, { cookie })).not.toBe(lost);
    await enableSecondFactor(app, email);
    const { rows } = await app.rooms.apiKeys.list(id, { offset: 0, limit: 10 });
    expect(rows).toMatchObject([{ kid: key.kid, state: "inactive" }]);
  });

  test("other services are told what has changed", async () => {
    const { id, uid, email } = await someAccount(app, { state: "pending" });

    await change({ uid, state: "active" });
    await change({ uid, role: "compliance" });

    const told = (await app.rooms.events.of(id)).filter(({ name }) => name === "model.user.updated");
    expect(told.map(({ payload }) => payload)).toMatchObject([
      { record: { uid, email, state: "active" }, changes: { state: "pending" } },
      { record: { uid, email, role: "compliance" }, changes: { role: "member" } },
    ]);
  });

  test("nothing but the state, the second factor and the role can be changed", async () => {
    const { uid, email } = await someAccount(app, { state: "pending" });
    const before = await accountWith(app, email);

    const answer = await change({
      ...{ email: "taken-over@example.com", level: 7, password: "Fai5aesoLEcx", password_digest: "x", id: 1 },
      ...{ uid, state: "active", referral_id: 1, created_at: "2001-01-01T00:00:00Z" },
    });

    expect(answer.status).toBe(200);
    const { updatedAt, credentialsChangedAt, ...after } = await accountWith(app, email);
    const { updatedAt: _, credentialsChangedAt: __, ...unchanged } = before;
    expect(after).toEqual({ ...unchanged, state: "active" });
    expect(credentialsChangedAt).toEqual(updatedAt);
  });

  test("what the account is already is no change", async () => {
    const { uid } = await someAccount(app);

    expectRefusal(await change({ uid, state: "active" }), 422, "admin.user.state_no_change");
    expectRefusal(await change({ uid, role: "member" }), 422, "admin.user.role_no_change");
    expectRefusal(await change({ uid, otp: false }), 422, "admin.user.otp_no_change");
  });

  test("a second factor can only be switched on by its owner", async () => {
    const { uid, email } = await someAccount(app);

    expectRefusal(await change({ uid, otp: true }), 422, "admin.user.enable_2fa");

    expect((await accountWith(app, email)).otp).toBe(false);
  });

  test("nobody changes his own account", async () => {
    const { uid } = await accountWith(app, "admin@barong.io");

    for (const own of [{ state: "banned" }, { state: "active" }, { role: "member" }, { otp: true }]) {
      expectRefusal(await change({ uid, ...own }), 422, "admin.user.update_himself");
    }
    expectRefusal(await change({ uid: "ID0000000000", state: "active" }), 404, "admin.user.doesnt_exist");
  });

  test.each([
    [{ state: "active" }, 400, ["admin.user.missing_uid", "admin.user.empty_uid"]],
    [{ uid: " ", state: "active" }, 400, ["admin.user.empty_uid"]],
    [{ uid: "ID1" }, 422, ["admin.user.one_of_role_state_otp"]],
    [{ uid: "ID1", email: "x@example.com" }, 422, ["admin.user.one_of_role_state_otp"]],
    [{ uid: "ID1", state: "active", role: "admin" }, 422, ["admin.user.one_of_role_state_otp"]],
    [{ uid: "ID1", state: "active", otp: false }, 422, ["admin.user.one_of_role_state_otp"]],
    [{ uid: "ID1", state: "" }, 400, ["admin.user.empty_state"]],
    [{ uid: "ID1", otp: "" }, 400, ["admin.user.empty_otp"]],
    [{ uid: "ID1", role: "" }, 400, ["admin.user.empty_role"]],
    [{ uid: "ID1", state: "sleepy" }, 422, ["admin.user.invalid_state"]],
    [{ uid: "ID1", state: "unspecified" }, 422, ["admin.user.invalid_state"]],
    [{ uid: "ID1", role: "emperor" }, 422, ["admin.user.invalid_role"]],
    [{ uid: "ID1", role: ["admin"] }, 422, ["admin.user.invalid_role"]],
    [{ uid: "ID1", otp: "maybe" }, 422, ["admin.user.invalid_otp"]],
  ])("%j is refused", async (json, status, codes) => {
    expectRefusal(await change(json), status, ...codes);
  });

  test("blank fields of a form are blank", async () => {
    const headers = await asAdministrator(app);

    for (const field of ["state", "otp", "role"]) {
      const answer = await rest(app, "PUT", USERS, { headers, form: { uid: "ID1", [field]: "" } });
      expectRefusal(answer, 400, `admin.user.empty_${field}`);
    }
  });

  test("of two administrators who do the same at once one is told that it is done", async () => {
    const [one, other, { uid, email }] = [
      await asAdministrator(app),
      await administrator(),
      await someAccount(app),
    ];

    const answers = await Promise.all(
      [one, other.headers].map((headers) => put(headers, { uid, state: "banned" })),
    );

    expect(codesOf(answers)).toEqual(["", "admin.user.state_no_change"]);
    expect((await accountWith(app, email)).state).toBe("banned");
  });

  test("of two administrators who dismiss each other at once one remains", async () => {
    const dismiss = ({ id, ...by }: Account, { uid }: Account) =>
      app.rooms.staff.change({ ...by, kind: "bearer", accountId: id }, uid, { role: "member" });
    for (let round = 0; round < 5; round += 1) {
      const one = await someAccount(app, { role: "admin" });
      const other = await someAccount(app, { role: "admin" });

      const ends = await Promise.allSettled([dismiss(one, other), dismiss(other, one)]);

      expect(ends.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      const refusal = ends.find(({ status }) => status === "rejected");
      expect(refusal).toMatchObject({ reason: { reasons: [ErrorReason.ADMIN_DENIED] } });
      const left = [await accountWith(app, one.email), await accountWith(app, other.email)];
      expect(left.map(({ role }) => role).sort()).toEqual(["admin", "member"]);
    }
  });
});

const codesOf = (answers: readonly Answer[]): string[] =>
  answers
    .map(({ status, body }) => (status === 200 ? "" : (body as { errors: string[] }).errors.join()))
    .sort();
