import { describe, expect, test } from "vitest";
import { startGeetestTwin } from "../support/captcha/geetest-twin.js";
import { startedWith } from "../support/captcha/started.js";
import { expectRefusal, freshEmail, post, rest } from "../support/rest.js";
import { PASSWORD } from "../support/start-app.js";

const SIGN_UP = "/identity/users";

describe("a captcha response that is an object", () => {
  const running = startedWith(startGeetestTwin);
  const newcomer = () => ({ email: freshEmail(), password: PASSWORD });

  test("may come member by member in a form", async () => {
    const { app, twin } = running();
    const solved = Object.entries(twin.solve()).map(([name, value]) => [`captcha_response[${name}]`, value]);

    const answer = await rest(app, "POST", SIGN_UP, {
      form: { ...newcomer(), ...Object.fromEntries(solved) },
    });

    expect(answer.status).toBe(201);
  });

  test.each([
    ["lists", Array.from({ length: 2000 }, () => [])],
    ["objects", Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`k${at}`, {}]))],
  ])("that is made of many %s is refused as none", async (_what, captcha_response) => {
    const { app } = running();

    const refused = await post(app, SIGN_UP, { ...newcomer(), captcha_response });

    expectRefusal(refused, 400, "identity.captcha.mandatory_fields");
  });

  test("that is longer than any widget's is refused before it is looked at", async () => {
    const { app } = running();

    const refused = await post(app, SIGN_UP, { ...newcomer(), captcha_response: "x".repeat(50_000) });

    expectRefusal(refused, 422, "identity.user.invalid_captcha_response");
  });
});
