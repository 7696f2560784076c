import { expect, test } from "vitest";
import { readConfig } from "../../src/platform/config.js";
import { problemsOf } from "../support/settings.js";

test("links lead to the site in production, and to pages of the server in development", () => {
  const { mail } = readConfig({ PUBLIC_URL: "https://www.example.com/" });

  expect(mail.confirmUrl).toBe("https://www.example.com/dev/confirmation?token={token}");
  expect(mail.resetUrl).toBe("https://www.example.com/dev/password-reset?token={token}");
});

test("owners are told, four at a time and encrypted where it can be, unless somebody says otherwise", () => {
  expect(readConfig({}).mail).toMatchObject({ notices: true, connections: 4, tls: "opportunistic" });
  expect(readConfig({ MAIL_NOTICES: "off", SMTP_CONNECTIONS: "9", SMTP_TLS: "Required" }).mail).toMatchObject(
    { notices: false, connections: 9, tls: "required" },
  );
});

test.each([
  [{ CONFIRM_URL: "https://www.example.com/" }, "CONFIRM_URL must contain {token}"],
  [{ RESET_URL: "https://www.example.com/" }, "RESET_URL must contain {token}"],
  [{ SMTP_TLS: "none", SMTP_URL: "smtps://mail.example.com" }, "SMTP_TLS=none contradicts"],
  [
    { SMTP_TLS: "none", SMTP_URL: "smtp://user:s3cret@mail.example.com" },
    "SMTP_TLS=none would send the password",
  ],
  [{ SMTP_TLS: "sometimes" }, "SMTP_TLS must be one of"],
])("%j is refused, and no secret is told", (environment, problem) => {
  const problems = problemsOf(environment);

  expect(problems).toEqual([expect.stringContaining(problem)]);
  expect(problems.join()).not.toContain("s3cret");
});

test("without TLS a password may go to a mail server on this machine", () => {
  expect(problemsOf({ SMTP_TLS: "none", SMTP_URL: "smtp://user:s3cret@localhost:25" })).toEqual([]);
});

test("links are left to listeners of events only where there may be one", () => {
  expect(problemsOf({ MAIL_LINKS: "false" })).toEqual([expect.stringContaining("neither a broker nor")]);
  expect(readConfig({ MAIL_LINKS: "false", EVENT_API_RABBITMQ_HOST: "mq" }).mail.links).toBe(false);
  expect(readConfig({}).mail.links).toBe(true);
});
