import { describe, expect, test } from "vitest";
import { secondsAfter } from "../../src/platform/clock.js";
import { startedWith } from "../support/captcha/started.js";
import { captchaTwins } from "../support/captcha/twins.js";
import { testDatabases } from "../support/databases.js";
import { cookieOf, expectRefusal, freshEmail, post } from "../support/rest.js";
import { codeAt, requestSeed, wrongCode } from "../support/second-factor.js";
import { PASSWORD } from "../support/start-app.js";

const SIGN_IN = "/identity/sessions";
const MISSING = "identity.session.missing_otp";
const INVALID = "identity.session.invalid_otp";
const REJECTED = "identity.captcha.verification_failed";

const everywhere = testDatabases().flatMap((database) =>
  captchaTwins.map(([vendor, startTwin]) => [vendor, database.name, startTwin, database] as const),
);

/** Front ends ask for the code only when they are told that it is missing, and send the same captcha answer with it. */
describe.each(everywhere)(
  "signing in by %s and a second factor (%s)",
  (_vendor, _name, startTwin, database) => {
    const time = { now: new Date() };
    const running = startedWith(startTwin, { database, clock: () => time.now });

    /** Somebody with a second factor; each code is of another time step. */
    async function member() {
      const { app, twin } = running();
      const email = freshEmail();
      const solve = (action = "session_create") => twin.solve(action);
      await post(app, "/identity/users", {
        email,
        password: PASSWORD,
        captcha_response: solve("user_create"),
      });
      await post(app, "/identity/users/email/confirm_code", { token: await app.tokenFor(email) });
      const first = await post(app, SIGN_IN, { email, password: PASSWORD, captcha_response: solve() });
      const cookie = cookieOf(first);
      const seed = await requestSeed(app, { cookie });
      const code = () => {
        time.now = secondsAfter(time.now, 30);
        return codeAt(seed, time.now);
      };
      expect((await post(app, "/resource/otp/enable", { code: code() }, { cookie })).status).toBe(201);
      const enter = (more: object) => post(app, SIGN_IN, { email, password: PASSWORD, ...more });
      return { app, twin, email, solve, code, enter, wrong: () => wrongCode(seed, time.now) };
    }

    test("the answer that came without the code serves with it, and is then used up", async () => {
      const { twin, solve, code, enter } = await member();
      const captcha_response = solve();

      const without = await enter({ captcha_response });
      const asked = twin.received.length;
      const withCode = await enter({ captcha_response, otp_code: code() });
      expect(twin.received).toHaveLength(asked);
      const again = await enter({ captcha_response, otp_code: code() });

      expectRefusal(without, 403, MISSING);
      expect(withCode).toMatchObject({ status: 201, body: { otp: true } });
      expectRefusal(again, 422, REJECTED);
    });

    test("a mistyped code costs no other puzzle", async () => {
      const { solve, code, enter, wrong } = await member();
      const captcha_response = solve();

      expectRefusal(await enter({ captcha_response, otp_code: wrong() }), 403, INVALID);
      expectRefusal(await enter({ recaptcha_response: captcha_response, otp_code: wrong() }), 403, INVALID);

      expect((await enter({ captcha_response, otp_code: code() })).status).toBe(201);
    });

    test("an answer does not serve without a code again, nor for another address, nor after a wrong password", async () => {
      const { solve, code, enter } = await member();
      const other = await member();
      const captcha_response = solve();
      expectRefusal(await enter({ captcha_response }), 403, MISSING);

      expectRefusal(await enter({ captcha_response, otp_code: " " }), 422, REJECTED);
      expectRefusal(await other.enter({ captcha_response, otp_code: other.code() }), 422, REJECTED);

      const guess = { captcha_response: solve(), password: "Wrong4ever", otp_code: code() };
      expectRefusal(await enter(guess), 401, "identity.session.invalid_params");
      expectRefusal(await enter({ ...guess, password: PASSWORD }), 422, REJECTED);
    });

    test("a wrong password with the code uses the answer up", async () => {
      const { solve, code, enter } = await member();
      const captcha_response = solve();
      expectRefusal(await enter({ captcha_response }), 403, MISSING);

      const guess = await enter({ captcha_response, password: "Wrong4ever", otp_code: code() });

      expectRefusal(guess, 401, "identity.session.invalid_params");
      expectRefusal(await enter({ captcha_response, otp_code: code() }), 422, REJECTED);
    });

    test("another answer of the same account makes the earlier one void", async () => {
      const { solve, code, enter } = await member();
      const [earlier, later] = [solve(), solve()];
      for (const captcha_response of [earlier, later]) {
        expectRefusal(await enter({ captcha_response }), 403, MISSING);
      }

      expectRefusal(await enter({ captcha_response: earlier, otp_code: code() }), 422, REJECTED);
      expect((await enter({ captcha_response: later, otp_code: code() })).status).toBe(201);
    });

    test("the code has five minutes to come", async () => {
      const { solve, code, enter } = await member();
      const [inTime, tooLate] = [solve(), solve()];

      await enter({ captcha_response: inTime });
      time.now = secondsAfter(time.now, 240);
      expect((await enter({ captcha_response: inTime, otp_code: code() })).status).toBe(201);

      await enter({ captcha_response: tooLate });
      time.now = secondsAfter(time.now, 301);
      expectRefusal(await enter({ captcha_response: tooLate, otp_code: code() }), 422, REJECTED);
    });

    test("wrong codes do not give it more time", async () => {
      const { solve, code, enter, wrong } = await member();
      const captcha_response = solve();
      await enter({ captcha_response });
      for (let guess = 0; guess < 2; guess += 1) {
        time.now = secondsAfter(time.now, 120);
        expectRefusal(await enter({ captcha_response, otp_code: wrong() }), 403, INVALID);
      }

      time.now = secondsAfter(time.now, 70);

      expectRefusal(await enter({ captcha_response, otp_code: code() }), 422, REJECTED);
    });

    test("it is taken however its owner writes the address", async () => {
      const { email, solve, code, enter } = await member();
      const captcha_response = solve();
      expectRefusal(await enter({ captcha_response }), 403, MISSING);

      const entered = await enter({ captcha_response, email: ` ${email.toUpperCase()}`, otp_code: code() });

      expect(entered.status).toBe(201);
    });

    test("of many who bring the answer and a code at once, one is let through to the code", async () => {
      const { solve, enter, code } = await member();
      const captcha_response = solve();
      await enter({ captcha_response });

      const right = code();
      const attempts = await Promise.all(
        Array.from({ length: 6 }, () => enter({ captcha_response, otp_code: right })),
      );

      expect(attempts.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(attempts.filter(({ status }) => status === 422)).toHaveLength(5);
    });
  },
);
