import { describe, expect, test } from "vitest";
import { SessionService } from "../../gen/barong/identity/v1/session_service_pb.js";
import { UserService } from "../../gen/barong/identity/v1/user_service_pb.js";
import { type Logger, silentLogger } from "../../src/platform/logger.js";
import { GEETEST, startGeetestTwin } from "../support/captcha/geetest-twin.js";
import { startHcaptchaTwin } from "../support/captcha/hcaptcha-twin.js";
import { asText } from "../support/captcha/opened.js";
import { startRecaptchaTwin } from "../support/captcha/recaptcha-twin.js";
import { SITE_SECRET } from "../support/captcha/siteverify-twin.js";
import { startedWith } from "../support/captcha/started.js";
import { captchaTwins } from "../support/captcha/twins.js";
import { expectRefusal, freshEmail, post, rest } from "../support/rest.js";
import { reasonsOf, rpcClient, rpcDoors } from "../support/rpc.js";
import { PASSWORD } from "../support/start-app.js";

const SIGN_UP = "/identity/users";
const SIGN_IN = "/identity/sessions";
const PLACES = [SIGN_UP, SIGN_IN];
const REQUIRED = "identity.captcha.required";
const INCOMPLETE = "identity.captcha.mandatory_fields";
const REJECTED = "identity.captcha.verification_failed";
const UNAVAILABLE = "identity.captcha.unavailable";

const newcomer = () => ({ email: freshEmail(), password: PASSWORD });

describe.each(captchaTwins)("with %s", (name, startTwin) => {
  const running = startedWith(startTwin);
  const isGeetest = name.startsWith("geetest");

  test.each(["captcha_response", "recaptcha_response"])(
    "who solved the puzzle signs up, with it in %s",
    async (field) => {
      const { app, twin } = running();
      const solve = () => twin.solve("user_create");

      expect((await post(app, SIGN_UP, { ...newcomer(), [field]: solve() })).status).toBe(201);
      expect((await post(app, SIGN_UP, { ...newcomer(), [field]: asText(solve()) })).status).toBe(201);
      const form = { ...newcomer(), [field]: asText(solve()) };
      expect((await rest(app, "POST", SIGN_UP, { form })).status).toBe(201);
    },
  );

  test("who solved the puzzle and confirmed signs in", async () => {
    const { app, twin } = running();
    const member = newcomer();
    await post(app, SIGN_UP, { ...member, captcha_response: twin.solve("user_create") });
    await post(app, "/identity/users/email/confirm_code", { token: await app.tokenFor(member.email) });

    const signedIn = await post(app, SIGN_IN, {
      ...member,
      recaptcha_response: twin.solve("session_create"),
    });

    expect(signedIn).toMatchObject({ status: 201, body: { email: member.email } });
  });

  test("an answer serves once, whoever brings it", async () => {
    const { app, twin } = running();
    const captcha_response = twin.solve("user_create");

    expect((await post(app, SIGN_UP, { ...newcomer(), captcha_response })).status).toBe(201);
    expectRefusal(await post(app, SIGN_UP, { ...newcomer(), captcha_response }), 422, REJECTED);
  });

  test.each(PLACES)("%s demands an answer, a whole and a right one", async (path) => {
    const { app, twin } = running();
    const attempt = (captcha_response?: unknown) => post(app, path, { ...newcomer(), captcha_response });
    const incomplete: readonly [number, string] = isGeetest ? [400, INCOMPLETE] : [422, REJECTED];

    expectRefusal(await attempt(), 400, REQUIRED);
    expectRefusal(await attempt(" "), 400, REQUIRED);
    expectRefusal(await attempt({ gen_time: "1" }), ...incomplete);
    expectRefusal(await attempt(7), ...incomplete);
    expectRefusal(await attempt(twin.forge()), 422, REJECTED);
  });

  test("what is missing is told before anybody is asked", async () => {
    const { app, twin } = running();
    const before = twin.asked;

    const refused = await post(app, SIGN_IN, { captcha_response: twin.solve("session_create") });

    expectRefusal(refused, 400, "identity.session.missing_email", "identity.session.missing_password");
    expect(twin.asked).toBe(before);
  });

  test("a vendor that fails is a 503, and nobody is signed up meanwhile", async () => {
    const { app, twin } = running();
    const member = newcomer();
    const captcha_response = twin.solve("user_create");
    twin.behave({ kind: "answers", status: 500, body: "" });

    const refused = await post(app, SIGN_UP, { ...member, captcha_response });

    expectRefusal(refused, 503, UNAVAILABLE);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await app.rooms.accounts.byEmail(member.email)).toBeUndefined();
  });

  test.each(rpcDoors)("over %s the same answers pass and are refused", async (door) => {
    const { app, twin } = running();
    const users = rpcClient(app, door, UserService, {});
    const sessions = rpcClient(app, door, SessionService, {});
    const member = newcomer();

    const refused = await Promise.all([
      reasonsOf(users.createUser(member)),
      reasonsOf(users.createUser({ ...member, captchaResponse: asText(twin.forge()) })),
      reasonsOf(sessions.createSession(member)),
      reasonsOf(users.createUser({ ...member, captchaResponse: asText(twin.solve("user_create")) })),
    ]);
    const wrongPassword = {
      ...member,
      password: "Wrong4ever",
      recaptchaResponse: asText(twin.solve("session_create")),
    };

    expect(refused).toEqual([[REQUIRED], [REJECTED], [REQUIRED], []]);
    expect(await reasonsOf(sessions.createSession(wrongPassword))).toEqual([
      "identity.session.invalid_params",
    ]);
  });

  test.each(rpcDoors)("over %s a text that no widget makes is no answer", async (door) => {
    const { app } = running();
    const users = rpcClient(app, door, UserService, {});
    const captchaResponse = "[[],[]]";

    const reasons = await reasonsOf(users.createUser({ ...newcomer(), captchaResponse }));

    expect(reasons).toEqual([isGeetest ? INCOMPLETE : REJECTED]);
  });

  test("mails are asked for without a captcha", async () => {
    const { app } = running();
    const email = freshEmail();

    const resent = await post(app, "/identity/users/email/generate_code", { email });

    expectRefusal(resent, 422, "identity.user.active_or_doesnt_exist");
  });
});

describe("with a vendor that tells what an answer was given for", () => {
  const running = startedWith(() => startRecaptchaTwin(3), {
    environment: { CAPTCHA_FOR: "user_create,session_create,email_confirmation,password_reset" },
  });
  const refusal = (status: number, code: string) => [status, { errors: [code] }] as const;
  const places = [
    [SIGN_UP, "user_create", [201, 201]],
    [SIGN_IN, "session_create", refusal(401, "identity.session.invalid_params")],
    [
      "/identity/users/email/generate_code",
      "email_confirmation",
      refusal(422, "identity.user.active_or_doesnt_exist"),
    ],
    [
      "/identity/users/password/generate_code",
      "password_reset",
      refusal(404, "identity.password.user_doesnt_exist"),
    ],
  ] as const;

  test.each(places)("%s takes answers for %s alone, and demands one", async (path, action, answer) => {
    const { app, twin } = running();
    const attempt = (captcha_response?: unknown) => post(app, path, { ...newcomer(), captcha_response });

    expectRefusal(await attempt(), 400, REQUIRED);
    for (const [, other] of places.filter(([, candidate]) => candidate !== action)) {
      expectRefusal(await attempt(twin.solve(other)), 422, REJECTED);
    }
    const passed = await attempt(twin.solve(action));
    expect([passed.status, passed.body]).toEqual(answer);
  });
});

describe("with Geetest of version 3", () => {
  const running = startedWith(startGeetestTwin);

  test("the challenge for the widget is the site's id and 32 hexadecimal digits", async () => {
    const { app } = running();

    const answer = await rest(app, "GET", "/identity/users/register_geetest");

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ gt: GEETEST.id, challenge: expect.stringMatching(/^[0-9a-f]{32}$/) });
  });

  test("there is no challenge while the vendor is down", async () => {
    const { app, twin } = running();
    twin.behave({ kind: "resets" });

    expectRefusal(await rest(app, "GET", "/identity/users/register_geetest"), 503, UNAVAILABLE);
  });
});

describe("where outages are open", () => {
  const lines: string[] = [];
  const write = (details: object, message: string) => void lines.push(JSON.stringify([details, message]));
  const logger: Logger = {
    ...silentLogger,
    ...{ debug: write, info: write, warn: write, error: write },
    child: () => logger,
  };
  const running = startedWith(startHcaptchaTwin, {
    logger,
    environment: { CAPTCHA_OUTAGE: "open", CAPTCHA_FOR: "user_create,email_confirmation" },
  });
  const down = { kind: "answers", status: 502, body: "" } as const;

  test("people sign up while the vendor is down, with an answer that nobody checks", async () => {
    const { app, twin } = running();
    const captcha_response = twin.forge();
    twin.behave(down);

    expect((await post(app, SIGN_UP, { ...newcomer(), captcha_response })).status).toBe(201);
    expectRefusal(await post(app, SIGN_UP, newcomer()), 400, REQUIRED);

    const log = lines.join("\n");
    expect(log.split("requests pass without being checked")).toHaveLength(2);
    for (const hidden of [SITE_SECRET, captcha_response, PASSWORD]) expect(log).not.toContain(hidden);
  });

  test("a refusal stays one", async () => {
    const { app, twin } = running();

    const refused = await post(app, SIGN_UP, { ...newcomer(), captcha_response: twin.forge() });

    expectRefusal(refused, 422, REJECTED);
  });

  test("the limits hold while nobody is checked", async () => {
    const { app, twin } = running();
    twin.behave(down);
    const email = freshEmail();
    const ask = () =>
      post(app, "/identity/users/email/generate_code", { email, captcha_response: twin.forge() });

    for (let call = 0; call < 3; call += 1) {
      expectRefusal(await ask(), 422, "identity.user.active_or_doesnt_exist");
    }
    expectRefusal(await ask(), 429, "server.too_many_requests");
  });
});
