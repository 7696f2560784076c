import { createHash } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { withinCall } from "../../../src/platform/deadline.js";
import { Failure } from "../../../src/platform/failure.js";
import { createGeetest } from "../../../src/ports/captcha/geetest.js";
import { noCaptcha } from "../../../src/ports/captcha/no-captcha.js";
import { createRecaptcha } from "../../../src/ports/captcha/recaptcha.js";
import { GEETEST, geetestAnswer, RECAPTCHA, startCaptchaTwin } from "../../support/captcha-twin.js";

const origin = { ip: "203.0.113.7" };
const { CAPTCHA_REQUIRED, CAPTCHA_MANDATORY_FIELDS, CAPTCHA_REJECTED, CAPTCHA_UNAVAILABLE } = ErrorReason;
const blanks = [undefined, null, "", "  ", {}, []];

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

describe("without captcha", () => {
  test("everybody passes, and there is no Geetest to register with", async () => {
    await noCaptcha.verify(undefined, origin);

    await expect(noCaptcha.registerGeetest()).rejects.toSatisfy(is(CAPTCHA_UNAVAILABLE));
  });
});

describe("reCAPTCHA", () => {
  test("an answer that Google accepts passes, and Google gets the secret and the answer only", async () => {
    const { vendor, recaptcha } = await start();

    await recaptcha.verify("human-1", origin);

    expect(vendor.requests).toEqual([
      {
        method: "POST",
        path: "/recaptcha/api/siteverify",
        contentType: "application/x-www-form-urlencoded;charset=UTF-8",
        parameters: { secret: RECAPTCHA.secretKey, response: "human-1" },
      },
    ]);
  });

  test("an answer passes once", async () => {
    const { recaptcha } = await start();
    await recaptcha.verify("human-1", origin);

    await expect(recaptcha.verify("human-1", origin)).rejects.toSatisfy(is(CAPTCHA_REJECTED));
  });

  test.each(blanks)("%j is no answer", async (blank) => {
    const { vendor, recaptcha } = await start();

    await expect(recaptcha.verify(blank, origin)).rejects.toSatisfy(is(CAPTCHA_REQUIRED));
    expect(vendor.requests).toEqual([]);
  });

  test.each(["robot", { a: "human" }, 7, "h".repeat(20_000)])("%j is rejected", async (answer) => {
    const { recaptcha } = await start();

    await expect(recaptcha.verify(answer, origin)).rejects.toSatisfy(is(CAPTCHA_REJECTED));
  });

  test("a secret that Google does not know is our fault, not the person's", async () => {
    const { vendor } = await start();
    const recaptcha = createRecaptcha({ secretKey: "mistyped", url: vendor.recaptchaUrl });

    await expect(recaptcha.verify("human-1", origin)).rejects.toSatisfy(is(CAPTCHA_UNAVAILABLE));
  });

  test("there is no Geetest to register with", async () => {
    const { recaptcha } = await start();

    await expect(recaptcha.registerGeetest()).rejects.toSatisfy(is(CAPTCHA_UNAVAILABLE));
  });
});

describe("Geetest", () => {
  test("a browser gets the site's id and a challenge made of the vendor's seed and the key", async () => {
    const { vendor, geetest } = await start();

    const challenge = await geetest.registerGeetest();

    expect(challenge).toEqual({ gt: GEETEST.id, challenge: md5(GEETEST.seed + GEETEST.key) });
    expect(vendor.requests[0]).toMatchObject({
      method: "GET",
      path: "/register.php",
      parameters: { gt: GEETEST.id },
    });
  });

  test("a site that Geetest does not know gets no challenge", async () => {
    const { vendor } = await start();
    const geetest = createGeetest({ id: "mistyped", key: GEETEST.key, url: vendor.geetestUrl });

    await expect(geetest.registerGeetest()).rejects.toSatisfy(is(CAPTCHA_UNAVAILABLE));
  });

  test.each([
    ["an object", geetestAnswer()],
    ["the JSON text of an object, as forms carry it", JSON.stringify(geetestAnswer())],
  ])("%s with the three right strings passes, and Geetest gets the seccode only", async (_what, answer) => {
    const { vendor, geetest } = await start();

    await geetest.verify(answer, origin);

    expect(vendor.requests).toEqual([
      {
        method: "POST",
        path: "/validate.php",
        contentType: "application/x-www-form-urlencoded;charset=UTF-8",
        parameters: { seccode: "human|jordan" },
      },
    ]);
  });

  test.each(blanks)("%j is no answer", async (blank) => {
    const { geetest } = await start();

    await expect(geetest.verify(blank, origin)).rejects.toSatisfy(is(CAPTCHA_REQUIRED));
  });

  test.each([
    "a plain text",
    "[]",
    7,
    ["geetest_challenge"],
    { ...geetestAnswer(), geetest_validate: 5 },
    { ...geetestAnswer(), geetest_seccode: "" },
    { geetest_challenge: "c", geetest_validate: "v" },
  ])("%j lacks mandatory fields", async (answer) => {
    const { vendor, geetest } = await start();

    await expect(geetest.verify(answer, origin)).rejects.toSatisfy(is(CAPTCHA_MANDATORY_FIELDS));
    expect(vendor.requests).toEqual([]);
  });

  test("a forged validation is rejected without asking the vendor", async () => {
    const { vendor, geetest } = await start();
    const forged = { ...geetestAnswer(), geetest_validate: md5("guess") };

    await expect(geetest.verify(forged, origin)).rejects.toSatisfy(is(CAPTCHA_REJECTED));
    expect(vendor.requests).toEqual([]);
  });

  test.each(["false", md5("another seccode")])("a vendor that answers %s rejects", async (body) => {
    const { vendor, geetest } = await start();
    vendor.behave({ kind: "answers", status: 200, body });

    await expect(geetest.verify(geetestAnswer(), origin)).rejects.toSatisfy(is(CAPTCHA_REJECTED));
  });
});

describe.each([
  ["a failing vendor", { kind: "answers", status: 500, body: '{"success":true}' }],
  ["a redirect", { kind: "answers", status: 302, body: "" }],
  ["a proxy's page", { kind: "answers", status: 200, body: "<html>maintenance</html>" }],
  ["an empty answer", { kind: "answers", status: 200, body: "" }],
  ["an answer of the wrong form", { kind: "answers", status: 200, body: '{"success":"true"}' }],
  ["an endless answer", { kind: "answers", status: 200, body: "x".repeat(200_000) }],
  ["silence", { kind: "is silent" }],
] as const)("%s", (_what, behaviour) => {
  test("lets nobody pass and says that the vendor is unavailable", async () => {
    const { vendor, recaptcha, geetest } = await start();
    vendor.behave(behaviour);

    const outcomes = await Promise.allSettled([
      recaptcha.verify("human-1", origin),
      geetest.verify(geetestAnswer(), origin),
      geetest.registerGeetest(),
    ]);

    const unavailable = { status: "rejected", reason: expect.toSatisfy(is(CAPTCHA_UNAVAILABLE)) };
    expect(outcomes).toEqual([unavailable, unavailable, unavailable]);
  });
});

test("a vendor that is down is unavailable", async () => {
  const { vendor, recaptcha } = await start();
  await vendor.stop();

  await expect(recaptcha.verify("human-1", origin)).rejects.toSatisfy(is(CAPTCHA_UNAVAILABLE));
});

test("the vendor is not waited for when the caller has gone", async () => {
  const { vendor } = await start();
  vendor.behave({ kind: "is silent" });
  const recaptcha = createRecaptcha({ ...RECAPTCHA, url: vendor.recaptchaUrl });
  const call = AbortSignal.timeout(50);

  const verifying = withinCall({ signal: call }, () => recaptcha.verify("human-1", origin));

  await expect(verifying).rejects.toBeInstanceOf(Failure);
}, 2000);

async function start() {
  const vendor = await startCaptchaTwin();
  closing.push(vendor.stop);
  const timeoutMs = 200;
  return {
    vendor,
    recaptcha: createRecaptcha({ ...RECAPTCHA, url: vendor.recaptchaUrl, timeoutMs }),
    geetest: createGeetest({ id: GEETEST.id, key: GEETEST.key, url: `${vendor.geetestUrl}/`, timeoutMs }),
  };
}

const is = (reason: ErrorReason) => (fault: unknown) =>
  fault instanceof Failure && fault.reasons.join() === `${reason}`;

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
