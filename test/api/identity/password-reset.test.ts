import { expect, test } from "vitest";
import { secondsAfter } from "../../../src/platform/clock.js";
import { describeEachDatabase } from "../../support/databases.js";
import {
  activeMember,
  bearerFor,
  cookieOf,
  expectRefusal,
  freshEmail,
  post,
  rest,
  signIn,
} from "../../support/rest.js";
import { PASSWORD, start, startedApp } from "../../support/start-app.js";

const REQUEST = "/identity/users/password/generate_code";
const RESET = "/identity/users/password/confirm_code";
const NEW_PASSWORD = "Gol4aid2";

describeEachDatabase("resetting a password", (database) => {
  const app = startedApp(database);

  async function resetToken(email: string): Promise<string> {
    expect(await post(app, REQUEST, { email })).toMatchObject({ status: 201, body: 201 });
    return app.tokenFor(email);
  }

  const reset = (token: string, password = NEW_PASSWORD, confirmation = password) =>
    post(app, RESET, { reset_password_token: token, password, confirm_password: confirmation });

  test("the new password signs in and the old one no longer does", async () => {
    const email = await activeMember(app);

    expect(await reset(await resetToken(email))).toMatchObject({ status: 201, body: 201 });

    await signIn(app, email, NEW_PASSWORD);
    const old = await post(app, "/identity/sessions", { email, password: PASSWORD });
    expectRefusal(old, 401, "identity.session.invalid_params");
  });

  test("a reset ends every session at once", async () => {
    const email = await activeMember(app);
    const cookie = await signIn(app, email);

    await reset(await resetToken(email));

    const answer = await rest(app, "GET", "/auth/api/v2/orders", { headers: { cookie } });
    expectRefusal(answer, 401, "authz.invalid_session");
  });

  test("a sign-in with the old password that is under way does not outlive the reset", async () => {
    const email = await activeMember(app);
    const token = await resetToken(email);
    const signingIn = Array.from({ length: 8 }, () =>
      post(app, "/identity/sessions", { email, password: PASSWORD }),
    );

    const [done, ...attempts] = await Promise.all([reset(token), ...signingIn]);

    expect(done?.status).toBe(201);
    for (const attempt of attempts.filter(({ status }) => status === 201)) {
      const answer = await rest(app, "GET", "/resource/users/me", { headers: { cookie: cookieOf(attempt) } });
      expectRefusal(answer, 401, "authz.invalid_session");
    }
  });

  test("a bearer token of before does not outlive the reset", async () => {
    const now = { moment: new Date() };
    const timed = await start(database, { clock: () => now.moment });
    try {
      const email = await activeMember(timed);
      const authorization = await bearerFor(timed, await signIn(timed, email));
      await post(timed, REQUEST, { email });
      now.moment = secondsAfter(now.moment, 2);
      const given = { password: NEW_PASSWORD, confirm_password: NEW_PASSWORD };
      await post(timed, RESET, { reset_password_token: await timed.tokenFor(email), ...given });

      const answer = await rest(timed, "GET", "/resource/users/me", { headers: { authorization } });

      expectRefusal(answer, 401, "jwt.decode_and_verify");
    } finally {
      await timed.stop();
    }
  });

  test("a token used twice in parallel resets once", async () => {
    const token = await resetToken(await activeMember(app));

    const answers = await Promise.all(Array.from({ length: 6 }, () => reset(token)));

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expectRefusal(answer, 422, "identity.user.utilized_token");
    }
  });

  test("a refused password leaves the token good", async () => {
    const token = await resetToken(await activeMember(app));
    expectRefusal(
      await reset(token, "password"),
      422,
      "password.requirements",
      "password.password.password_strength",
    );

    expect((await reset(token)).status).toBe(201);
  });

  test("different passwords are refused before anything else", async () => {
    const refused = await reset("garbage", NEW_PASSWORD, "Fai5aesoLEcx");

    expectRefusal(refused, 422, "identity.user.passwords_doesnt_match");
  });

  test("an unknown token is refused, and a confirmation token is no reset token", async () => {
    expectRefusal(await reset("garbage"), 422, "jwt.decode_and_verify");
    const email = freshEmail();
    await post(app, "/identity/users", { email, password: PASSWORD });
    expectRefusal(await reset(await app.tokenFor(email)), 422, "jwt.decode_and_verify");
  });

  test("an unknown address answers 404", async () => {
    const refused = await post(app, REQUEST, { email: freshEmail() });

    expectRefusal(refused, 404, "identity.password.user_doesnt_exist");
  });

  test("all that is missing is named in the order of the parameters", async () => {
    expectRefusal(
      await post(app, RESET, {}),
      400,
      "identity.user.missing_pass_token",
      "identity.user.empty_reset_password_token",
      "identity.user.missing_password",
      "identity.user.empty_password",
      "identity.user.missing_confirm_password",
      "identity.user.empty_confirm_password",
    );
  });

  test("the log of the account tells of the request, the refusal and the reset", async () => {
    const email = await activeMember(app);
    const token = await resetToken(email);
    await reset(token, "password");
    await reset(token);

    const account = await app.rooms.accounts.byEmail(email);
    const log = await app.rooms.activities.latest(account?.id ?? 0, 10);

    expect(log.map(({ topic, action, result, data }) => [topic, action, result, data])).toEqual([
      ["password", "password reset", "succeed", null],
      [
        "password",
        "password reset",
        "failed",
        '{"reason":"Password does not meet the minimum requirements and Password is too weak"}',
      ],
      ["password", "request password reset", "succeed", null],
    ]);
  });

  test("a token is good for an hour", async () => {
    const now = { moment: new Date() };
    const timed = await start(database, { clock: () => now.moment });
    try {
      const email = await activeMember(timed);
      await post(timed, REQUEST, { email });
      const token = await timed.tokenFor(email);
      now.moment = secondsAfter(now.moment, 3601);
      const late = { reset_password_token: token, password: NEW_PASSWORD, confirm_password: NEW_PASSWORD };
      expectRefusal(await post(timed, RESET, late), 422, "jwt.decode_and_verify");
    } finally {
      await timed.stop();
    }
  });
});
