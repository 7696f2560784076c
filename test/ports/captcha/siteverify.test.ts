import { describe, expect, test } from "vitest";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { HCAPTCHA_SITE_KEY, startHcaptchaTwin } from "../../support/captcha/hcaptcha-twin.js";
import { captchaAt, is, openedTwin, SIGN_UP } from "../../support/captcha/opened.js";
import { startRecaptchaTwin } from "../../support/captcha/recaptcha-twin.js";
import { PAGE, SITE_SECRET, type SiteverifyTwin } from "../../support/captcha/siteverify-twin.js";
import { startTurnstileTwin } from "../../support/captcha/turnstile-twin.js";

const { CAPTCHA_REJECTED, CAPTCHA_UNAVAILABLE } = ErrorReason;

const recaptcha = () => startRecaptchaTwin(2);
const recaptchaV3 = () => startRecaptchaTwin(3);
const vendors: readonly (readonly [string, () => Promise<SiteverifyTwin>, object, string])[] = [
  ["reCAPTCHA v2", recaptcha, {}, "RECAPTCHA_SECRET_KEY"],
  ["reCAPTCHA v3", recaptchaV3, {}, "RECAPTCHA_SECRET_KEY"],
  [
    "hCaptcha",
    startHcaptchaTwin,
    { sitekey: HCAPTCHA_SITE_KEY, remoteip: SIGN_UP.ip },
    "HCAPTCHA_SECRET_KEY",
  ],
  ["Turnstile", startTurnstileTwin, { remoteip: SIGN_UP.ip }, "TURNSTILE_SECRET_KEY"],
];

describe.each(vendors)("%s", (_name, startTwin, parameters, secretSetting) => {
  test("gets the secret, the answer, and nothing that he does not need", async () => {
    const twin = await openedTwin(startTwin);
    const response = twin.solve(SIGN_UP.action);

    await captchaAt(twin).verify(response, SIGN_UP);

    expect(twin.received).toEqual([{ secret: SITE_SECRET, response, ...parameters }]);
  });

  test("answers from other pages are refused where the pages are named", async () => {
    const twin = await openedTwin(startTwin);
    const captcha = captchaAt(twin, { CAPTCHA_HOSTNAMES: `m.example.com,${PAGE.toUpperCase()}` });
    const solvedOn = (hostname: unknown) => twin.solve(SIGN_UP.action, { hostname });

    await captcha.verify(twin.solve(SIGN_UP.action), SIGN_UP);
    await captcha.verify(solvedOn("M.example.com"), SIGN_UP);

    for (const page of ["example.com", `${PAGE}.evil.example`, "", undefined, null, [PAGE]]) {
      await expect(captcha.verify(solvedOn(page), SIGN_UP)).rejects.toSatisfy(is(CAPTCHA_REJECTED));
    }
  });

  test("a secret that he does not know is our fault, and lets nobody pass", async () => {
    const twin = await openedTwin(startTwin);

    for (const mode of ["closed", "open"]) {
      const captcha = captchaAt(twin, { [secretSetting]: "mistyped", CAPTCHA_OUTAGE: mode });
      const verifying = captcha.verify(twin.solve(SIGN_UP.action), SIGN_UP);
      await expect(verifying).rejects.toSatisfy(is(CAPTCHA_UNAVAILABLE));
    }
  });

  test.each([
    "invalid-input-response",
    "missing-input-response",
    "timeout-or-duplicate",
    "already-seen-response",
    "invalid-or-already-seen-response",
    "expired-input-response",
    "a-code-of-tomorrow",
  ])("%s is a refusal, with any status", async (code) => {
    const twin = await openedTwin(startTwin);

    for (const status of [200, 400]) {
      twin.behave({
        kind: "answers",
        status,
        body: JSON.stringify({ success: false, "error-codes": [code] }),
      });
      const verifying = captchaAt(twin, { CAPTCHA_OUTAGE: "open" }).verify(twin.forge(), SIGN_UP);
      await expect(verifying).rejects.toSatisfy(is(CAPTCHA_REJECTED));
    }
  });

  test("a refusal without a word is one", async () => {
    const twin = await openedTwin(startTwin);
    twin.behave({ kind: "answers", status: 200, body: '{"success":false}' });

    const verifying = captchaAt(twin, { CAPTCHA_OUTAGE: "open" }).verify(twin.forge(), SIGN_UP);

    await expect(verifying).rejects.toSatisfy(is(CAPTCHA_REJECTED));
  });

  test.each(["missing-input-secret", "invalid-input-secret", "bad-request"])(
    "%s is our fault, also beside what the answer causes, and lets nobody pass",
    async (code) => {
      const twin = await openedTwin(startTwin);
      const verdict = { success: false, "error-codes": ["invalid-input-response", code] };
      twin.behave({ kind: "answers", status: 200, body: JSON.stringify(verdict) });

      const verifying = captchaAt(twin, { CAPTCHA_OUTAGE: "open" }).verify(twin.forge(), SIGN_UP);

      await expect(verifying).rejects.toSatisfy(is(CAPTCHA_UNAVAILABLE));
    },
  );

  test("a success with another status than 200 is none", async () => {
    const twin = await openedTwin(startTwin);
    const verdict = { success: true, hostname: PAGE, score: 0.9, action: SIGN_UP.action };
    twin.behave({ kind: "answers", status: 403, body: JSON.stringify(verdict) });

    const verifying = captchaAt(twin, { CAPTCHA_OUTAGE: "open" }).verify(twin.forge(), SIGN_UP);

    await expect(verifying).rejects.toSatisfy(is(CAPTCHA_UNAVAILABLE));
  });
});

describe("reCAPTCHA v3", () => {
  test("a visitor with the minimum score passes, one below it is refused", async () => {
    const twin = await openedTwin(recaptchaV3);
    const captcha = captchaAt(twin, { RECAPTCHA_MINIMUM_SCORE: "0.7" });
    const scored = (score: number) => twin.solve(SIGN_UP.action, { score });

    await captcha.verify(scored(0.7), SIGN_UP);
    await captcha.verify(scored(1), SIGN_UP);

    for (const score of [0.69, 0.1, 0, -1]) {
      await expect(captcha.verify(scored(score), SIGN_UP)).rejects.toSatisfy(is(CAPTCHA_REJECTED));
    }
  });

  test("half is the minimum unless the operator says otherwise", async () => {
    const twin = await openedTwin(recaptchaV3);
    const captcha = captchaAt(twin);

    await captcha.verify(twin.solve(SIGN_UP.action, { score: 0.5 }), SIGN_UP);

    const low = captcha.verify(twin.solve(SIGN_UP.action, { score: 0.49 }), SIGN_UP);
    await expect(low).rejects.toSatisfy(is(CAPTCHA_REJECTED));
  });

  test("an answer that was given for another action, or for none, is refused", async () => {
    const twin = await openedTwin(recaptchaV3);
    const captcha = captchaAt(twin);

    for (const action of ["session_create", "USER_CREATE", "", null]) {
      const verifying = captcha.verify(twin.solve(SIGN_UP.action, { action }), SIGN_UP);
      await expect(verifying).rejects.toSatisfy(is(CAPTCHA_REJECTED));
    }
  });

  test.each([
    ["version 3 with keys of version 2", 2, "recaptcha_v3"],
    ["version 2 with keys of version 3, which accept programs too", 3, "recaptcha"],
  ] as const)("%s is our fault, and lets nobody pass", async (_what, version, name) => {
    const twin = await openedTwin(() => startRecaptchaTwin(version));
    const captcha = captchaAt(twin, { CAPTCHA: name, CAPTCHA_OUTAGE: "open" });

    const verifying = captcha.verify(twin.solve(SIGN_UP.action), SIGN_UP);

    await expect(verifying).rejects.toSatisfy(is(CAPTCHA_UNAVAILABLE));
  });
});

describe("hCaptcha", () => {
  test("a site key of somebody else is our fault, and lets nobody pass", async () => {
    const twin = await openedTwin(startHcaptchaTwin);
    const captcha = captchaAt(twin, { HCAPTCHA_SITE_KEY: "another", CAPTCHA_OUTAGE: "open" });

    await expect(captcha.verify(twin.solve(), SIGN_UP)).rejects.toSatisfy(is(CAPTCHA_UNAVAILABLE));
  });
});

describe("Turnstile", () => {
  test("an answer that was given for another action is refused, one for none passes", async () => {
    const twin = await openedTwin(startTurnstileTwin);
    const captcha = captchaAt(twin);

    await captcha.verify(twin.solve(SIGN_UP.action), SIGN_UP);
    await captcha.verify(twin.solve(), SIGN_UP);

    const verifying = captcha.verify(twin.solve("session_create"), SIGN_UP);
    await expect(verifying).rejects.toSatisfy(is(CAPTCHA_REJECTED));
  });

  test("an answer longer than Cloudflare makes them is refused without asking", async () => {
    const twin = await openedTwin(startTurnstileTwin);

    const verifying = captchaAt(twin).verify("0".repeat(2049), SIGN_UP);

    await expect(verifying).rejects.toSatisfy(is(CAPTCHA_REJECTED));
    expect(twin.asked).toBe(0);
  });

  test("an error of Cloudflare's own is an outage, but not beside a refusal", async () => {
    const twin = await openedTwin(startTurnstileTwin);
    const captcha = captchaAt(twin, { CAPTCHA_OUTAGE: "open" });
    const say = (...codes: string[]) =>
      twin.behave({
        kind: "answers",
        status: 200,
        body: JSON.stringify({ success: false, "error-codes": codes }),
      });

    say("internal-error");
    await captcha.verify(twin.forge(), SIGN_UP);

    say("internal-error", "invalid-input-response");
    await expect(captcha.verify(twin.forge(), SIGN_UP)).rejects.toSatisfy(is(CAPTCHA_REJECTED));
  });
});
