import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { readConfig } from "../../src/platform/config.js";
import { BadConfiguration } from "../../src/platform/settings.js";

const KEY = `k1:${randomBytes(32).toString("base64")}`;
const PRODUCTION = {
  NODE_ENV: "production",
  DATABASE_URL: "mysql://barong:s3cret@db:3306/barong",
  JWT_PRIVATE_KEY_PATH: "/etc/barong/jwt.pem",
  SECRETS_KEYS: KEY,
  SMTP_URL: "smtp://mail:25",
  MAIL_FROM: "Exchange <noreply@example.com>",
  PUBLIC_URL: "https://www.example.com/",
};

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
  } catch (fault) {
    if (fault instanceof BadConfiguration) return fault.problems;
    throw fault;
  }
  return [];
}

test("nothing set is a development server on embedded defaults", () => {
  const config = readConfig({});

  expect(config).toMatchObject({ isProduction: false, httpPort: 8080, grpcPort: 9090, host: "127.0.0.1" });
  expect(config.database.url).toBe(`sqlite:${process.cwd()}/.barong/barong.db`);
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
