import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { readConfig } from "../../src/platform/config.js";
import { problemsOf } from "../support/settings.js";

const KEY = `k1:${randomBytes(32).toString("base64")}`;
const PRODUCTION = {
  NODE_ENV: "production",
  DATABASE_URL: "mysql://barong:s3cret@db:3306/barong",
  JWT_PRIVATE_KEY_PATH: "/etc/barong/jwt.pem",
  SECRETS_KEYS: KEY,
  SMTP_URL: "smtp://mail:25",
  MAIL_FROM: "Exchange <noreply@example.com>",
  TWILIO_ACCOUNT_SID: "AC0123456789abcdef0123456789abcdef",
  TWILIO_AUTH_TOKEN: "t0ken",
  TWILIO_PHONE_NUMBER: "+15005550006",
  PUBLIC_URL: "https://www.example.com/",
  STORAGE_URL: "https://s3.example.com",
  STORAGE_ACCESS_KEY: "barong",
  STORAGE_SECRET_KEY: "s3cret",
};

test("nothing set is a development server on embedded defaults", () => {
  const config = readConfig({});

  expect(config).toMatchObject({ isProduction: false, httpPort: 8080, grpcPort: 9090, host: "127.0.0.1" });
  expect(config.database.url).toBe(`sqlite:${process.cwd()}/.barong/barong.db`);
});

test("where a gateway offers the API is known in whatever form it is written", () => {
  const ownPathOf = (text: string) => readConfig({ AUTHZ_OWN_PATH: text }).authz.ownPath;

  for (const text of ["api/v2/barong", "/api/v2/barong/", "//api//v2/barong///"])
    expect(ownPathOf(text)).toBe("api/v2/barong");
  expect(ownPathOf("/")).toBe("");
  expect(readConfig({}).authz.ownPath).toBe("api/v2/barong");
});

test("production names everything that is missing at once", () => {
  const problems = problemsOf({ NODE_ENV: "production" });

  const needed = [
    "PUBLIC_URL",
    "DATABASE_URL",
    "JWT_PRIVATE_KEY_PATH",
    "SECRETS_KEYS",
    "SMTP_URL",
    "MAIL_FROM",
    "STORAGE_URL",
    "TWILIO_ACCOUNT_SID",
  ];
  expect(problems.map((problem) => problem.split(" ")[0])).toEqual(needed);
});

test("production refuses secrets that everybody knows", () => {
  expect(problemsOf({ ...PRODUCTION, ADMIN_PASSWORD: "changeme" })).toHaveLength(1);
  const zeros = `k1:${Buffer.alloc(32).toString("base64")}`;
  expect(problemsOf({ ...PRODUCTION, SECRETS_KEYS: zeros })[0]).toContain("no secret");
  expect(problemsOf(PRODUCTION)).toEqual([]);
});

test("an https site has secure cookies and links that start with it", () => {
  const config = readConfig(PRODUCTION);

  expect(config.sessions.secureCookie).toBe(true);
  expect(config.mail.confirmUrl).toBe(
    "https://www.example.com/accounts/confirmation?confirmation_token={token}",
  );
});

const SMS_HTTP = { SMS_HTTP_URL: "https://sms.example.com/out", SMS_HTTP_SECRET: `whsec_${"AB".repeat(16)}` };
const VERIFY = { TWILIO_VERIFY_SERVICE_SID: "VA0" };

test("SMS go to the mailbox, by Twilio when its account is given, or by those who are named, in their order", () => {
  const account = { accountSid: PRODUCTION.TWILIO_ACCOUNT_SID, authToken: "t0ken" };
  const twilio = { name: "twilio", ...account, from: "+15005550006", url: "https://api.twilio.com/" };
  const http = { name: "http", url: "https://sms.example.com/out", secret: SMS_HTTP.SMS_HTTP_SECRET };
  const verify = { name: "twilio_verify", ...account, serviceSid: "VA0", url: "https://verify.twilio.com/" };
  const providersOf = (environment: Record<string, string>) => readConfig(environment).sms.providers;

  expect(providersOf({})).toEqual([]);
  expect(providersOf({ ...PRODUCTION, ...SMS_HTTP, ...VERIFY })).toEqual([twilio]);
  expect(providersOf(SMS_HTTP)).toEqual([http]);
  const SMS_PROVIDERS = "http, twilio_verify,twilio";
  expect(providersOf({ ...PRODUCTION, ...SMS_HTTP, ...VERIFY, SMS_PROVIDERS })).toEqual([
    http,
    verify,
    twilio,
  ]);
});

test("production does without Twilio where another sends SMS", () => {
  const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_PHONE_NUMBER, ...others } = PRODUCTION;
  const account = { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN };

  expect(problemsOf({ ...others, ...SMS_HTTP })).toEqual([]);
  expect(problemsOf({ ...others, ...account, ...VERIFY, SMS_PROVIDERS: "twilio_verify" })).toEqual([]);
  expect(problemsOf({ ...others, ...account })).toEqual(["TWILIO_PHONE_NUMBER must be set in production"]);
});

test("SMS have bounds unless they are switched off, and countries of which all are served", () => {
  const { limits, countries, text } = readConfig({}).sms;

  expect(limits).toEqual({ perPrefixHour: 60, perClientHour: 60, perCountryHour: 500, perDay: 5000 });
  expect(countries).toEqual({ except: [] });
  expect(text).toBe("Your verification code for {app}: {code}");
  const off = {
    SMS_PER_PREFIX_HOUR: "0",
    SMS_PER_CLIENT_HOUR: "0",
    SMS_PER_COUNTRY_HOUR: "0",
    SMS_PER_DAY: "0",
  };
  expect(Object.values(readConfig(off).sms.limits)).toEqual([0, 0, 0, 0]);
  expect(readConfig({ SMS_COUNTRIES: "ua, DE" }).sms.countries).toEqual({ only: ["UA", "DE"] });
  expect(readConfig({ SMS_COUNTRIES: "-KP,-cu" }).sms.countries).toEqual({ except: ["KP", "CU"] });
});

test.each([
  [
    "an account without its secret",
    { TWILIO_ACCOUNT_SID: "AC0" },
    "TWILIO_ACCOUNT_SID needs TWILIO_AUTH_TOKEN",
  ],
  [
    "a secret without its account",
    { TWILIO_AUTH_TOKEN: "t0ken" },
    "TWILIO_AUTH_TOKEN needs TWILIO_ACCOUNT_SID",
  ],
  ["a key instead of an account", { ...PRODUCTION, TWILIO_ACCOUNT_SID: "SK0" }, "must begin with AC"],
  ["an account with a path", { ...PRODUCTION, TWILIO_ACCOUNT_SID: "AC0/../AC1" }, "must begin with AC"],
  ["a service with a path", { ...PRODUCTION, TWILIO_VERIFY_SERVICE_SID: "VA0/../VA1" }, "must begin with VA"],
  ["a sender with a line break", { TWILIO_PHONE_NUMBER: "+15005550006\n" }, "TWILIO_PHONE_NUMBER must be"],
  ["no address", { TWILIO_URL: "api.twilio.com" }, "TWILIO_URL must be"],
  ["a text without the code", { SMS_TEXT: "Welcome to {app}" }, "SMS_TEXT must contain {code}"],
  ["an address without a secret", { SMS_HTTP_URL: "https://sms" }, "SMS_HTTP_URL needs SMS_HTTP_SECRET"],
  [
    "a secret too short",
    { ...SMS_HTTP, SMS_HTTP_SECRET: "whsec_c2hvcnQ=" },
    "SMS_HTTP_SECRET must be whsec_",
  ],
  [
    "a vendor without what it needs",
    { SMS_PROVIDERS: "twilio_verify", TWILIO_ACCOUNT_SID: "AC0", TWILIO_AUTH_TOKEN: "t0ken" },
    "SMS_PROVIDERS with twilio_verify needs TWILIO_VERIFY_SERVICE_SID",
  ],
  ["a vendor that is none", { SMS_PROVIDERS: "twitter" }, "SMS_PROVIDERS: twitter is none of"],
  ["a vendor twice", { ...SMS_HTTP, SMS_PROVIDERS: "http,http" }, "SMS_PROVIDERS names somebody twice"],
  ["countries with and without a minus", { SMS_COUNTRIES: "UA,-KP" }, "SMS_COUNTRIES must have a minus"],
  ["a country by another name", { SMS_COUNTRIES: "UK" }, 'SMS_COUNTRIES has "UK", which is no country'],
  ["no country", { SMS_COUNTRIES: "XQ" }, 'SMS_COUNTRIES has "XQ", which is no country'],
])("settings of SMS that cannot be meant are named: %s", (_what, environment, problem) => {
  expect(problemsOf(environment)).toEqual([expect.stringContaining(problem)]);
});

test("documents are in a folder beside the database, or where STORAGE_URL leads", () => {
  expect(readConfig({ DATA_DIR: "/srv/barong" }).storage).toEqual({
    kind: "folder",
    folder: "/srv/barong/documents",
  });
  expect(readConfig({ ...PRODUCTION, STORAGE_PUBLIC_URL: "https://files.example.com/" }).storage).toEqual({
    kind: "s3",
    endpoint: "https://s3.example.com",
    publicEndpoint: "https://files.example.com",
    region: "us-east-1",
    bucket: "barong",
    accessKey: "barong",
    secretKey: "s3cret",
  });
});

test("in production a folder of documents is chosen on purpose", () => {
  const { STORAGE_URL, STORAGE_ACCESS_KEY, STORAGE_SECRET_KEY, ...others } = PRODUCTION;

  expect(problemsOf(others)).toEqual([expect.stringContaining("STORAGE_URL must be set in production")]);
  expect(readConfig({ ...others, DOCUMENTS_FOLDER: "/srv/documents" }).storage).toEqual({
    kind: "folder",
    folder: "/srv/documents",
  });
});

test.each([
  [
    "an address without keys",
    { STORAGE_URL: "http://s3:9000", STORAGE_ACCESS_KEY: "a" },
    "STORAGE_SECRET_KEY",
  ],
  ["keys without an address", { STORAGE_ACCESS_KEY: "a" }, "STORAGE_ACCESS_KEY means nothing"],
  ["a public address alone", { STORAGE_PUBLIC_URL: "http://s3:9000" }, "STORAGE_PUBLIC_URL means nothing"],
  ["storage and folder", { ...PRODUCTION, DOCUMENTS_FOLDER: "/srv" }, "exclude each other"],
  ["an address with a path", { ...PRODUCTION, STORAGE_URL: "https://example.com/s3" }, "STORAGE_URL must be"],
  ["an address with keys", { ...PRODUCTION, STORAGE_URL: "https://a:b@example.com" }, "STORAGE_URL must be"],
  ["no bucket name", { ...PRODUCTION, STORAGE_BUCKET_NAME: "My Documents" }, "STORAGE_BUCKET_NAME must have"],
  ["a key of examples", { ...PRODUCTION, STORAGE_SECRET_KEY: "minioadmin" }, "everybody knows"],
])("settings of the storage that cannot be meant are named: %s", (_what, environment, problem) => {
  expect(problemsOf(environment)).toEqual([expect.stringContaining(problem)]);
});

test("names of Barong 2 are accepted", () => {
  const config = readConfig({
    PORT: "3000",
    SESSION_EXPIRE_TIME: "600",
    DATABASE_HOST: "db",
    DATABASE_USER: "barong",
    DATABASE_PASS: "p@ss/word",
    DATABASE_NAME: "accounts",
  });

  expect(config).toMatchObject({ httpPort: 3000, sessions: { idleSeconds: 600 } });
  expect(config.database.url).toBe("mysql://barong:p%40ss%2Fword@db:3306/accounts");
});

test("every unreadable value is named, and none is repeated in the message", () => {
  const problems = problemsOf({
    HTTP_PORT: "http",
    GRPC_PORT: "70000",
    SECRETS_KEYS: "k1:hunter2",
    CONFIRM_URL: "x",
  });

  expect(problems.map((problem) => problem.split(" ")[0])).toEqual([
    "HTTP_PORT",
    "GRPC_PORT",
    "SECRETS_KEYS",
    "CONFIRM_URL",
  ]);
  expect(problems.join()).not.toContain("hunter2");
});

test("proxies and sender are read at once, not when they are needed", () => {
  const problems = problemsOf({ TRUSTED_PROXIES: "10.0.0.0/8, gateway", MAIL_FROM: "nonsense" });

  expect(problems[0]).toContain('TRUSTED_PROXIES has "gateway"');
  expect(problems[1]).toContain("MAIL_FROM must be like");
});

test("credentials are never allowed to every origin", () => {
  expect(problemsOf({ API_CORS_ALLOW_CREDENTIALS: "true" })[0]).toContain("API_CORS_ORIGINS");
  expect(problemsOf({ API_CORS_ORIGINS: "htt:://localhost" })[0]).toContain("htt:://localhost");
});

test("a max age that is no number falls back to an hour", () => {
  expect(readConfig({ API_CORS_MAX_AGE: "6200" }).cors.maxAgeSeconds).toBe(6200);
  expect(readConfig({ API_CORS_MAX_AGE: "6200.1" }).cors.maxAgeSeconds).toBe(3600);
});
