import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freshFolder, ServerProcess } from "./server-process.js";

test("production mode with nothing set names everything that is missing, at once", async () => {
  const folder = await freshFolder();
  const process = new ServerProcess({ NODE_ENV: "production", DATA_DIR: folder });

  expect(await process.ended()).toBe(1);
  const missing = [...process.output.matchAll(/^ {2}- (\w+) must be set in production/gm)].map(
    ([, name]) => name,
  );
  expect(missing).toEqual([
    "PUBLIC_URL",
    "DATABASE_URL",
    "JWT_PRIVATE_KEY_PATH",
    "SECRETS_KEYS",
    "SMTP_URL",
    "MAIL_FROM",
    "STORAGE_URL",
    "TWILIO_ACCOUNT_SID",
  ]);
  expect(process.output).not.toMatch(/^ +at /m);
});

test("settings that cannot be read are named together, without their values", async () => {
  const process = new ServerProcess({
    HTTP_PORT: "eighty",
    SECRETS_KEYS: "one:c2VjcmV0",
    CAPTCHA: "geetest",
    API_CORS_ORIGINS: "*",
    API_CORS_ALLOW_CREDENTIALS: "true",
  });

  expect(await process.ended()).toBe(1);
  for (const name of ["HTTP_PORT", "SECRETS_KEYS", "GEETEST_ID", "API_CORS_ALLOW_CREDENTIALS"]) {
    expect(process.output).toContain(name);
  }
  expect(process.output).not.toContain("c2VjcmV0");
});

test.each(["HTTP_PORT", "GRPC_PORT"])("a busy %s is told in one clear line", async (setting) => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void holder.close());
  const { port } = holder.address() as AddressInfo;

  const process = new ServerProcess({ DATA_DIR: await freshFolder(), [setting]: String(port) });

  expect(await process.ended()).toBe(1);
  expect(process.output).toContain(
    `could not start: cannot listen on 127.0.0.1:${port} (${setting}): another program listens there`,
  );
  // Nothing after it: neither a stack nor a dump.
  expect(process.output.trimEnd().split("\n").at(-1)).toContain("could not start");
});

test("rules for the gateway that nobody understands are told in one clear line", async () => {
  const folder = await freshFolder();
  const file = join(folder, "authz_rules.yml");
  await writeFile(file, "rules: {pass: [api/v2/open], blok: [api/v2/closed]}");

  const process = new ServerProcess({ DATA_DIR: folder, AUTHZ_RULES_FILE: file });

  expect(await process.ended()).toBe(1);
  expect(process.output.trimEnd().split("\n").at(-1)).toContain(
    `could not start: AUTHZ_RULES_FILE ${file}: "rules" has the unknown key "blok"; known are "pass" and "block"`,
  );
});

test("a database that is down is asked again and again, and given up in the end", async () => {
  const process = new ServerProcess({
    DATA_DIR: await freshFolder(),
    DATABASE_URL: "mysql://barong:Never2belogged@127.0.0.1:1/barong",
    DATABASE_WAIT_SECONDS: "2",
  });

  expect(await process.ended()).toBe(1);
  const complaint = "the database at mysql://127.0.0.1:1/barong does not answer (ECONNREFUSED)";
  const lines = process.output.split("\n").filter((line) => line.includes(complaint));
  expect(lines.filter((line) => line.endsWith("trying again in 1 s")).length).toBeGreaterThanOrEqual(1);
  expect(lines.at(-1)).toContain(`could not start: ${complaint}`);
  expect(process.output).not.toContain("Never2belogged");
});

test("a start that waits for its database ends when it is told to", async () => {
  const process = new ServerProcess({
    DATA_DIR: await freshFolder(),
    DATABASE_URL: "mysql://barong@127.0.0.1:1/barong",
  });
  await expect.poll(() => process.output, { timeout: 10_000 }).toContain("trying again");

  const { code, ms } = await process.stop();

  expect(code).toBe(0);
  expect(ms).toBeLessThan(2000);
});
