import { describe, expect, test } from "vitest";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { captchaAt, is, openedTwin, SIGN_UP } from "../../support/captcha/opened.js";
import { captchaTwins } from "../../support/captcha/twins.js";

const { CAPTCHA_REQUIRED, CAPTCHA_MANDATORY_FIELDS, CAPTCHA_REJECTED, CAPTCHA_UNAVAILABLE } = ErrorReason;

describe.each(captchaTwins)("%s", (name, startTwin) => {
  const isGeetest = name.startsWith("geetest");

  test("a right answer passes, once", async () => {
    const twin = await openedTwin(startTwin);
    const captcha = captchaAt(twin);
    const answer = twin.solve(SIGN_UP.action);

    await captcha.verify(answer, SIGN_UP);

    await expect(captcha.verify(answer, SIGN_UP)).rejects.toSatisfy(is(CAPTCHA_REJECTED));
    expect(twin.received).toHaveLength(2);
  });

  test("of many who bring the same answer at once, one passes", async () => {
    const twin = await openedTwin(startTwin);
    const captcha = captchaAt(twin);
    const answer = twin.solve(SIGN_UP.action);

    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => captcha.verify(answer, SIGN_UP)),
    );

    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("an answer that nobody has solved anything for is refused, whether outages are closed or open", async () => {
    const twin = await openedTwin(startTwin);

    for (const mode of ["closed", "open"]) {
      const verifying = captchaAt(twin, { CAPTCHA_OUTAGE: mode }).verify(twin.forge(), SIGN_UP);
      await expect(verifying).rejects.toSatisfy(is(CAPTCHA_REJECTED));
    }
  });

  test.each([undefined, null, false, "", " \n", {}, []])("%j is no answer", async (blank) => {
    const twin = await openedTwin(startTwin);

    for (const mode of ["closed", "open"]) {
      const verifying = captchaAt(twin, { CAPTCHA_OUTAGE: mode }).verify(blank, SIGN_UP);
      await expect(verifying).rejects.toSatisfy(is(CAPTCHA_REQUIRED));
    }
    expect(twin.asked).toBe(0);
  });

  test.each([
    ["a number", 7],
    ["a list", ["03AGdBq2"]],
    ["an object of something else", { token: "03AGdBq2" }],
    ["a text with a blank", "03AG dBq2"],
    ["a text with a line feed", "03AG\r\ndBq2"],
    ["a text beyond ASCII", "03ÄGdBq2"],
    ["a text that is too long", "h".repeat(20_000)],
  ])("%s is refused without asking the vendor, also when he is down", async (_what, answer) => {
    const twin = await openedTwin(startTwin);
    twin.behave({ kind: "resets" });

    const verifying = captchaAt(twin, { CAPTCHA_OUTAGE: "open" }).verify(answer, SIGN_UP);

    const reason = isGeetest ? CAPTCHA_MANDATORY_FIELDS : CAPTCHA_REJECTED;
    await expect(verifying).rejects.toSatisfy(is(reason));
    expect(twin.asked).toBe(0);
  });

  test("what captcha is not switched on for passes without an answer", async () => {
    const twin = await openedTwin(startTwin);
    const captcha = captchaAt(twin, { CAPTCHA_FOR: "user_create,password_reset" });

    await captcha.verify(undefined, { ...SIGN_UP, action: "session_create" });

    expect(twin.asked).toBe(0);
    for (const action of ["user_create", "password_reset"]) {
      const verifying = captcha.verify(undefined, { ...SIGN_UP, action });
      await expect(verifying).rejects.toSatisfy(is(CAPTCHA_REQUIRED));
    }
  });
});

test.each(captchaTwins.filter(([name]) => name !== "geetest"))(
  "%s has no challenge to register",
  async (_name, startTwin) => {
    const twin = await openedTwin(startTwin);

    await expect(captchaAt(twin).registerGeetest()).rejects.toSatisfy(is(CAPTCHA_UNAVAILABLE));
    expect(twin.asked).toBe(0);
  },
);

test("without captcha everybody passes, and there is no challenge to register", async () => {
  const captcha = captchaAt({ environment: { CAPTCHA: "none", CAPTCHA_OUTAGE: "closed" } });

  await captcha.verify(undefined, SIGN_UP);

  await expect(captcha.registerGeetest()).rejects.toSatisfy(is(CAPTCHA_UNAVAILABLE));
});
