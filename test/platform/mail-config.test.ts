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
  [{ CONFIRM_URL: "javascript:alert('{token}')" }, "CONFIRM_URL must be a URL of the form http"],
  [{ RESET_URL: "data:text/html,{token}" }, "RESET_URL must be a URL of the form http"],
  [{ RESET_URL: "www.example.com/?token={token}" }, "RESET_URL must be a URL of the form http"],
  [{ RESET_URL: "https://www.example.com/\r\n?token={token}" }, "RESET_URL must be a URL of the form http"],
  [{ SMTP_TLS: "none", SMTP_URL: "smtps://mail.example.com" }, "SMTP_TLS=none contradicts"],
  [{ SMTP_URL: "smtp://user:1?s3cret@host" }, "SMTP_URL has something else behind its ?"],
  [{ SMTP_URL: "smtp://mail.example.com?tls.minVersion=TLSv1" }, "tls.minVersion must be TLSv1.2"],
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

test.each([
  "ignoreTLS=true",
  "requireTLS=false",
  "opportunisticTLS=true",
  "secure=false",
  "tls.rejectUnauthorized=false",
  "tls.maxVersion=TLSv1",
  "service=gmail",
  "host=mail.example.org",
  "jsonTransport=true",
  "debug=true",
  "socketTimeout=1",
])("the address of a mail server cannot undo settings: %s is refused", (option) => {
  const SMTP_URL = `smtp://user:s3cret@mail.example.com?${option}`;

  const problems = problemsOf({ SMTP_TLS: "required", SMTP_URL });

  const [name] = option.split("=");
  expect(problems).toEqual([expect.stringContaining(`SMTP_URL has ${name} behind its ?, where only name`)]);
  expect(problems.join()).not.toContain("s3cret");
});

test("the address of a mail server may say what we are called there, and which TLS is the least", () => {
  const SMTP_URL = "smtp://mail.example.com:25?name=www.example.com&tls.minVersion=TLSv1.3";

  expect(readConfig({ SMTP_URL }).mail.smtpUrl).toBe(SMTP_URL);
});

test("links are written as they were set", () => {
  const CONFIRM_URL = "https://www.example.com/#/confirm?token={token}";

  expect(readConfig({ CONFIRM_URL }).mail.confirmUrl).toBe(CONFIRM_URL);
});

test("without TLS a password may go to a mail server on this machine", () => {
  expect(problemsOf({ SMTP_TLS: "none", SMTP_URL: "smtp://user:s3cret@localhost:25" })).toEqual([]);
});

test("links are left to listeners of events only where there may be one", () => {
  expect(problemsOf({ MAIL_LINKS: "false" })).toEqual([expect.stringContaining("neither a broker nor")]);
  expect(readConfig({ MAIL_LINKS: "false", EVENT_API_RABBITMQ_HOST: "mq" }).mail.links).toBe(false);
  expect(readConfig({}).mail.links).toBe(true);
});
