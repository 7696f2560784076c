import { expect, test } from "vitest";
import { readConfig } from "../../src/platform/config.js";
import { problemsOf } from "../support/settings.js";

test("captcha is off unless a vendor is named, and outages are closed", () => {
  expect(readConfig({}).captcha).toEqual({
    vendor: undefined,
    actions: ["user_create", "session_create"],
    outage: "closed",
  });
});

const secretKey = "s3cret";
const geetest = { GEETEST_ID: "id", GEETEST_KEY: "key" };

test.each([
  [
    { BARONG_CAPTCHA: "recaptcha", RECAPTCHA_SECRET_KEY: secretKey },
    { name: "recaptcha", secretKey, url: "https://www.google.com/recaptcha/api/siteverify", hostnames: [] },
  ],
  [
    { CAPTCHA: "recaptcha_v3", RECAPTCHA_SECRET_KEY: secretKey, RECAPTCHA_MINIMUM_SCORE: ".7" },
    {
      ...{ name: "recaptcha_v3", secretKey, minimumScore: 0.7, hostnames: [] },
      url: "https://www.google.com/recaptcha/api/siteverify",
    },
  ],
  [
    {
      ...{ CAPTCHA: "hcaptcha", HCAPTCHA_SITE_KEY: "site", HCAPTCHA_SECRET_KEY: secretKey },
      CAPTCHA_HOSTNAMES: "WWW.example.com, localhost",
    },
    {
      ...{ name: "hcaptcha", siteKey: "site", secretKey, url: "https://api.hcaptcha.com/siteverify" },
      hostnames: ["www.example.com", "localhost"],
    },
  ],
  [
    { CAPTCHA: "turnstile", TURNSTILE_SECRET_KEY: secretKey },
    {
      ...{ name: "turnstile", secretKey, hostnames: [] },
      url: "https://challenges.cloudflare.com/turnstile/v0/siteverify",
    },
  ],
  [
    { CAPTCHA: "geetest", ...geetest },
    { name: "geetest", id: "id", key: "key", url: "https://api.geetest.com" },
  ],
  [
    { CAPTCHA: "geetest_v4", ...geetest },
    { name: "geetest_v4", id: "id", key: "key", url: "https://gcaptcha4.geetest.com" },
  ],
])("%j names a vendor with all that it takes", (environment, vendor) => {
  expect(readConfig(environment).captcha.vendor).toEqual(vendor);
});

const RECAPTCHA = { CAPTCHA: "recaptcha", RECAPTCHA_SECRET_KEY: secretKey };

test.each([
  [{ CAPTCHA: "recaptcha" }, ["CAPTCHA=recaptcha needs RECAPTCHA_SECRET_KEY"]],
  [{ CAPTCHA: "recaptcha_v3" }, ["CAPTCHA=recaptcha_v3 needs RECAPTCHA_SECRET_KEY"]],
  [
    { CAPTCHA: "hcaptcha" },
    ["CAPTCHA=hcaptcha needs HCAPTCHA_SITE_KEY", "CAPTCHA=hcaptcha needs HCAPTCHA_SECRET_KEY"],
  ],
  [{ CAPTCHA: "turnstile" }, ["CAPTCHA=turnstile needs TURNSTILE_SECRET_KEY"]],
  [{ CAPTCHA: "geetest", GEETEST_ID: "id" }, ["CAPTCHA=geetest needs GEETEST_KEY"]],
  [{ CAPTCHA: "geetest_v4", GEETEST_KEY: "key" }, ["CAPTCHA=geetest_v4 needs GEETEST_ID"]],
  [
    { ...RECAPTCHA, CAPTCHA_FOR: "user_create,login" },
    ["CAPTCHA_FOR: login is none of user_create, email_confirmation, password_reset, session_create"],
  ],
  [{ ...RECAPTCHA, CAPTCHA_FOR: "," }, ["CAPTCHA_FOR names nothing; CAPTCHA=none switches captcha off"]],
  [
    { ...RECAPTCHA, CAPTCHA_HOSTNAMES: "https://www.example.com" },
    ["CAPTCHA_HOSTNAMES: https://www.example.com is not a host such as www.example.com"],
  ],
  [
    { CAPTCHA: "geetest", ...geetest, CAPTCHA_HOSTNAMES: "www.example.com" },
    ["CAPTCHA_HOSTNAMES is not held by Geetest, which does not tell the page"],
  ],
  [{ ...RECAPTCHA, RECAPTCHA_MINIMUM_SCORE: "0.7" }, ["RECAPTCHA_MINIMUM_SCORE needs CAPTCHA=recaptcha_v3"]],
  [
    { ...RECAPTCHA, CAPTCHA: "recaptcha_v3", RECAPTCHA_MINIMUM_SCORE: "7" },
    ["RECAPTCHA_MINIMUM_SCORE must be a number from 0 to 1, such as 0.5"],
  ],
  [{ ...RECAPTCHA, CAPTCHA_OUTAGE: "ajar" }, ["CAPTCHA_OUTAGE must be one of closed, open"]],
])("%j is refused", (environment, problems) => {
  expect(problemsOf(environment)).toEqual(problems);
});

test.each(["0", "1", "0.5", "1.0", "0.123456"])("%s is a score", (score) => {
  const environment = { ...RECAPTCHA, CAPTCHA: "recaptcha_v3", RECAPTCHA_MINIMUM_SCORE: score };

  expect(readConfig(environment).captcha.vendor).toMatchObject({ minimumScore: Number(score) });
});

test.each(["-0.1", "1.01", "0,5", "half", "1e-1", "0.", "."])("%s is no score", (score) => {
  const environment = { ...RECAPTCHA, CAPTCHA: "recaptcha_v3", RECAPTCHA_MINIMUM_SCORE: score };

  expect(problemsOf(environment)).toHaveLength(1);
});
