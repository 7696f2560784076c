import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { GEETEST, geetestAnswer, RECAPTCHA, startCaptchaTwin } from "../support/captcha-twin.js";
import { type TestDatabase, testDatabases } from "../support/databases.js";
import { expectRefusal, freshEmail, post, rest } from "../support/rest.js";
import { PASSWORD, type Started, start } from "../support/start-app.js";

type Twin = Awaited<ReturnType<typeof startCaptchaTwin>>;

/** The server with a captcha vendor, on one kind of database: the vendor does not care which. */
function startedWith(environment: (twin: Twin) => Record<string, string>) {
  const [database] = testDatabases() as [TestDatabase];
  const running: { twin?: Twin; app?: Started & { stop(): Promise<void> } } = {};
  beforeAll(async () => {
    running.twin = await startCaptchaTwin();
    running.app = await start(database, { environment: environment(running.twin) });
  });
  beforeEach(() => running.twin?.behave({ kind: "works" }));
  afterAll(async () => {
    await running.app?.stop();
    await running.twin?.stop();
  });
  return () => {
    const { twin, app } = running;
    if (!twin || !app) throw new Error("the server is started by beforeAll");
    return { twin, app };
  };
}

const PLACES = ["/identity/users", "/identity/sessions"];
const UNAVAILABLE = "identity.captcha.unavailable";

describe("with Geetest", () => {
  const running = startedWith(({ geetestUrl }) => ({
    CAPTCHA: "geetest",
    GEETEST_ID: GEETEST.id,
    GEETEST_KEY: GEETEST.key,
    GEETEST_URL: geetestUrl,
  }));

  test("the challenge for the widget is the site's id and 32 hexadecimal digits", async () => {
    const { app } = running();

    const answer = await rest(app, "GET", "/identity/users/register_geetest");

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ gt: GEETEST.id, challenge: expect.stringMatching(/^[0-9a-f]{32}$/) });
  });

  test("who solved the puzzle signs up, with the answer as an object, as text or in a form", async () => {
    const { app } = running();
    const answers = [
      { captcha_response: geetestAnswer() },
      { recaptcha_response: geetestAnswer() },
      { captcha_response: JSON.stringify(geetestAnswer()) },
    ];
    for (const answer of answers) {
      const fields = { email: freshEmail(), password: PASSWORD, ...answer };
      expect((await post(app, "/identity/users", fields)).status).toBe(201);
    }
    const form = {
      email: freshEmail(),
      password: PASSWORD,
      captcha_response: JSON.stringify(geetestAnswer()),
    };
    expect((await rest(app, "POST", "/identity/users", { form })).status).toBe(201);
  });

  test.each(PLACES)("%s demands an answer, a whole and a right one", async (path) => {
    const { app } = running();
    const attempt = (captcha_response?: unknown) =>
      post(app, path, { email: freshEmail(), password: PASSWORD, captcha_response });
    const { geetest_seccode: _left, ...incomplete } = geetestAnswer();

    expectRefusal(await attempt(), 400, "identity.captcha.required");
    expectRefusal(await attempt(""), 400, "identity.captcha.required");
    expectRefusal(await attempt(incomplete), 400, "identity.captcha.mandatory_fields");
    expectRefusal(await attempt("text"), 400, "identity.captcha.mandatory_fields");
    expectRefusal(await attempt(geetestAnswer("robot")), 422, "identity.captcha.verification_failed");
  });

  test("a vendor that fails is a 503, and nobody is signed up meanwhile", async () => {
    const { app, twin } = running();
    const email = freshEmail();
    twin.behave({ kind: "answers", status: 500, body: "" });

    const challenge = await rest(app, "GET", "/identity/users/register_geetest");
    const signUp = await post(app, "/identity/users", {
      email,
      password: PASSWORD,
      captcha_response: geetestAnswer(),
    });

    expectRefusal(challenge, 503, UNAVAILABLE);
    expectRefusal(signUp, 503, UNAVAILABLE);
    expect(await app.rooms.accounts.byEmail(email)).toBeUndefined();
  });

  test("what is missing is told before anybody is asked", async () => {
    const { app, twin } = running();
    const before = twin.requests.length;

    const refused = await post(app, "/identity/sessions", { captcha_response: geetestAnswer() });

    expectRefusal(refused, 400, "identity.session.missing_email", "identity.session.missing_password");
    expect(twin.requests).toHaveLength(before);
  });
});

describe("with reCAPTCHA", () => {
  const running = startedWith(({ recaptchaUrl }) => ({
    CAPTCHA: "recaptcha",
    RECAPTCHA_SECRET_KEY: RECAPTCHA.secretKey,
    RECAPTCHA_URL: recaptchaUrl,
  }));
  const human = () => `human-${randomUUID()}`;

  test("who is taken for a human signs up, and each answer serves once", async () => {
    const { app } = running();
    const answer = human();
    const signUp = (captcha_response: string) =>
      post(app, "/identity/users", { email: freshEmail(), password: PASSWORD, captcha_response });

    expect((await signUp(answer)).status).toBe(201);
    expectRefusal(await signUp(answer), 422, "identity.captcha.verification_failed");
    expect((await signUp(human())).status).toBe(201);
  });

  test.each(PLACES)("%s demands an answer, and a right one", async (path) => {
    const { app } = running();
    const attempt = (captcha_response?: unknown) =>
      post(app, path, { email: freshEmail(), password: PASSWORD, captcha_response });

    expectRefusal(await attempt(), 400, "identity.captcha.required");
    expectRefusal(await attempt(" "), 400, "identity.captcha.required");
    expectRefusal(await attempt("robot"), 422, "identity.captcha.verification_failed");
    expectRefusal(await attempt({ a: 1 }), 422, "identity.captcha.verification_failed");
  });

  test("a right answer lets the credentials be looked at", async () => {
    const { app } = running();

    const refused = await post(app, "/identity/sessions", {
      email: freshEmail(),
      password: PASSWORD,
      recaptcha_response: human(),
    });

    expectRefusal(refused, 401, "identity.session.invalid_params");
  });

  test("a vendor that fails is a 503 at sign-in too, and there is no challenge of another vendor", async () => {
    const { app, twin } = running();
    twin.behave({ kind: "answers", status: 200, body: "<html>" });

    const signIn = await post(app, "/identity/sessions", {
      email: freshEmail(),
      password: PASSWORD,
      captcha_response: human(),
    });

    expectRefusal(signIn, 503, UNAVAILABLE);
    expect(Number(signIn.headers.get("retry-after"))).toBeGreaterThan(0);
    expectRefusal(await rest(app, "GET", "/identity/users/register_geetest"), 503, UNAVAILABLE);
  });
});
