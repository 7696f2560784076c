import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { GEETEST, md5, startGeetestTwin } from "../../support/captcha/geetest-twin.js";
import { GEETEST_V4, startGeetestV4Twin } from "../../support/captcha/geetest-v4-twin.js";
import { captchaAt, is, openedTwin, SIGN_UP } from "../../support/captcha/opened.js";

const { CAPTCHA_MANDATORY_FIELDS, CAPTCHA_REJECTED, CAPTCHA_UNAVAILABLE } = ErrorReason;
const open = { CAPTCHA_OUTAGE: "open" };

describe("Geetest, version 3", () => {
  test("a browser gets the site's id and a challenge made of the vendor's seed and the key", async () => {
    const twin = await openedTwin(startGeetestTwin);

    const challenge = await captchaAt(twin).registerGeetest();

    expect(challenge).toEqual({ gt: GEETEST.id, challenge: md5(GEETEST.seed + GEETEST.key) });
  });

  test("a site that Geetest does not know gets no challenge", async () => {
    const twin = await openedTwin(startGeetestTwin);

    const registering = captchaAt(twin, { GEETEST_ID: "mistyped" }).registerGeetest();

    await expect(registering).rejects.toSatisfy(is(CAPTCHA_UNAVAILABLE));
  });

  test("the JSON text of an answer, as forms carry it, passes too, and Geetest gets what it looks at alone", async () => {
    const twin = await openedTwin(startGeetestTwin);
    const answer = twin.solve();

    await captchaAt(twin, { GEETEST_URL: `${twin.url}/` }).verify(JSON.stringify(answer), SIGN_UP);

    const { geetest_seccode: seccode, geetest_challenge: challenge } = answer;
    expect(twin.received).toEqual([{ seccode, challenge, captchaid: GEETEST.id }]);
  });

  test.each(["geetest_challenge", "geetest_validate", "geetest_seccode"])(
    "an answer without %s is incomplete",
    async (field) => {
      const twin = await openedTwin(startGeetestTwin);

      for (const value of [undefined, "", 5, null, {}]) {
        const answer = JSON.parse(JSON.stringify({ ...twin.solve(), [field]: value }));
        const verifying = captchaAt(twin, open).verify(answer, SIGN_UP);
        await expect(verifying).rejects.toSatisfy(is(CAPTCHA_MANDATORY_FIELDS));
      }
      expect(twin.asked).toBe(0);
    },
  );

  test("a forged validation is refused without asking the vendor, also when he is down", async () => {
    const twin = await openedTwin(startGeetestTwin);
    twin.behave({ kind: "resets" });
    const forged = { ...twin.solve(), geetest_validate: md5("guess") };

    await expect(captchaAt(twin, open).verify(forged, SIGN_UP)).rejects.toSatisfy(is(CAPTCHA_REJECTED));
    expect(twin.asked).toBe(0);
  });

  test("the validation of a puzzle solved once does not carry the seccode of another", async () => {
    const twin = await openedTwin(startGeetestTwin);
    const [mine, bought] = [twin.solve(), twin.solve()];
    const { geetest_validate: validate } = mine;

    for (const geetest_seccode of [bought.geetest_seccode, validate, `${validate}|michael`]) {
      const verifying = captchaAt(twin, open).verify({ ...mine, geetest_seccode }, SIGN_UP);
      await expect(verifying).rejects.toSatisfy(is(CAPTCHA_REJECTED));
    }
    expect(twin.asked).toBe(0);
  });

  test.each(["false", md5("another seccode")])("a vendor that answers %s refuses", async (body) => {
    const twin = await openedTwin(startGeetestTwin);
    twin.behave({ kind: "answers", status: 200, body });

    const verifying = captchaAt(twin, open).verify(twin.solve(), SIGN_UP);

    await expect(verifying).rejects.toSatisfy(is(CAPTCHA_REJECTED));
  });

  test("what a widget makes up while Geetest is out is refused while Geetest is there", async () => {
    const twin = await openedTwin(startGeetestTwin);

    const verifying = captchaAt(twin, open).verify(twin.offline(), SIGN_UP);

    await expect(verifying).rejects.toSatisfy(is(CAPTCHA_REJECTED));
  });

  test("what a widget makes up while Geetest is out passes only where outages are open", async () => {
    const twin = await openedTwin(startGeetestTwin);
    twin.behave({ kind: "answers", status: 502, body: "" });

    await captchaAt(twin, open).verify(twin.offline(), SIGN_UP);

    const closed = captchaAt(twin).verify(twin.offline(), SIGN_UP);
    await expect(closed).rejects.toSatisfy(is(CAPTCHA_UNAVAILABLE));
  });

  test("what a widget makes up does not pass for a site that Geetest does not know", async () => {
    const twin = await openedTwin(startGeetestTwin);

    const verifying = captchaAt(twin, { ...open, GEETEST_ID: "mistyped" }).verify(twin.offline(), SIGN_UP);

    await expect(verifying).rejects.toSatisfy(is(CAPTCHA_UNAVAILABLE));
  });
});

describe("Geetest, version 4", () => {
  test("gets the four answers with our signature, as form or JSON text", async () => {
    const twin = await openedTwin(startGeetestV4Twin);
    const answer = twin.solve();

    await captchaAt(twin).verify(JSON.stringify({ captcha_id: GEETEST_V4.id, ...answer }), SIGN_UP);

    const sign_token = createHmac("sha256", GEETEST_V4.key).update(answer.lot_number).digest("hex");
    expect(twin.received).toEqual([{ ...answer, sign_token }]);
  });

  test.each(["lot_number", "captcha_output", "pass_token", "gen_time"])(
    "an answer without %s is incomplete",
    async (field) => {
      const twin = await openedTwin(startGeetestV4Twin);

      for (const value of [undefined, "", 5, null]) {
        const answer = JSON.parse(JSON.stringify({ ...twin.solve(), [field]: value }));
        const verifying = captchaAt(twin, open).verify(answer, SIGN_UP);
        await expect(verifying).rejects.toSatisfy(is(CAPTCHA_MANDATORY_FIELDS));
      }
      expect(twin.asked).toBe(0);
    },
  );

  test("a time that is none is refused without asking", async () => {
    const twin = await openedTwin(startGeetestV4Twin);

    const verifying = captchaAt(twin, open).verify({ ...twin.solve(), gen_time: "now" }, SIGN_UP);

    await expect(verifying).rejects.toSatisfy(is(CAPTCHA_REJECTED));
    expect(twin.asked).toBe(0);
  });

  test("a key that is not the site's is our fault, and lets nobody pass", async () => {
    const twin = await openedTwin(startGeetestV4Twin);

    const verifying = captchaAt(twin, { ...open, GEETEST_KEY: "mistyped" }).verify(twin.solve(), SIGN_UP);

    await expect(verifying).rejects.toSatisfy(is(CAPTCHA_UNAVAILABLE));
  });

  test.each([
    ["-50002", CAPTCHA_REJECTED],
    ["-50003", CAPTCHA_REJECTED],
    ["-50005", CAPTCHA_REJECTED],
    [-50301, CAPTCHA_REJECTED],
    ["-50304", CAPTCHA_REJECTED],
    ["-50308", CAPTCHA_REJECTED],
    ["-50000", CAPTCHA_UNAVAILABLE],
    ["-50102", CAPTCHA_UNAVAILABLE],
    ["-50105", CAPTCHA_UNAVAILABLE],
    ["another", CAPTCHA_UNAVAILABLE],
    [undefined, CAPTCHA_UNAVAILABLE],
  ])("the error %s, which an answer can cause or not, lets nobody pass", async (code, reason) => {
    const twin = await openedTwin(startGeetestV4Twin);
    const body = JSON.stringify({ status: "error", code, msg: "said", result: "success" });
    twin.behave({ kind: "answers", status: 200, body });

    for (const more of [open, {}]) {
      const verifying = captchaAt(twin, more).verify(twin.solve(), SIGN_UP);
      await expect(verifying).rejects.toSatisfy(is(reason));
    }
  });

  test("a verdict without a status, as older ones are, counts", async () => {
    const twin = await openedTwin(startGeetestV4Twin);
    const captcha = captchaAt(twin);

    twin.behave({ kind: "answers", status: 200, body: '{"result":"success","reason":""}' });
    await captcha.verify(twin.forge(), SIGN_UP);

    twin.behave({ kind: "answers", status: 200, body: '{"result":"fail","reason":"pass_token error"}' });
    await expect(captcha.verify(twin.solve(), SIGN_UP)).rejects.toSatisfy(is(CAPTCHA_REJECTED));
  });
});
