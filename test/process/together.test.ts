import { readFileSync } from "node:fs";
import { join } from "node:path";
import { QueryTypes } from "sequelize";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../src/database/database.js";
import { describeEachDatabase } from "../support/databases.js";
import { freshEmail, post } from "../support/rest.js";
import { startSmtpTwin } from "../support/smtp-twin.js";
import { PASSWORD } from "../support/start-app.js";
import { freshFolder, ServerProcess } from "./server-process.js";

describeEachDatabase("processes that share a database", (database) => {
  test("may start at once on a new one: both come up, and there is one administrator", async () => {
    const fresh = await database.create();
    onTestFinished(fresh.drop);
    const folder = await freshFolder();
    const environment = { DATABASE_URL: fresh.url, DATA_DIR: folder };
    const processes = [new ServerProcess(environment), new ServerProcess(environment)];

    const servers = await Promise.all(processes.map((process) => process.listening()));

    expect(await rowsOf(fresh.url, "SELECT email FROM users WHERE role = 'admin'")).toEqual([
      { email: "admin@barong.io" },
    ]);
    const passwords = processes.flatMap(({ output }) => /Password +(\S+)/.exec(output)?.[1] ?? []);
    expect(passwords).toHaveLength(1);
    for (const server of servers) {
      const credentials = { email: "admin@barong.io", password: passwords[0] };
      expect((await post(server, "/identity/sessions", credentials)).status).toBe(201);
    }
    expect(readFileSync(join(folder, "secrets.keys"), "utf8")).toMatch(/^dev:[\w+/]+=+$/);
    const stopped = await Promise.all(processes.map((process) => process.stop()));
    expect(stopped.map(({ code }) => code)).toEqual([0, 0]);
  });

  test("lose no mail when one of them is killed in the middle of sign-ups", async () => {
    const fresh = await database.create();
    onTestFinished(fresh.drop);
    const smtp = await startSmtpTwin();
    onTestFinished(smtp.down);
    const environment = { DATABASE_URL: fresh.url, DATA_DIR: await freshFolder(), SMTP_URL: smtp.url };
    const doomed = new ServerProcess({ ...environment, ADMIN_PASSWORD: PASSWORD });
    const server = await doomed.listening();
    // Nothing leaves while it lives: what it has claimed is with the mail server, the rest waits.
    smtp.delay(30_000);
    const emails = Array.from({ length: 40 }, freshEmail);
    let welcomed = 0;
    const answers = emails.map(async (email) => {
      const answer = await post(server, "/identity/users", { email, password: PASSWORD }).catch(
        () => undefined,
      );
      if (answer?.status === 201) welcomed += 1;
      return answer?.status === 201 ? email : undefined;
    });

    await expect.poll(() => welcomed, { interval: 5, timeout: 10_000 }).toBeGreaterThanOrEqual(10);
    doomed.child.kill("SIGKILL");
    const promised = (await Promise.all(answers)).filter((email) => email !== undefined);
    await doomed.ended();

    const accounts = await rowsOf(fresh.url, "SELECT email FROM users WHERE role = 'member'");
    const claimed = await rowsOf(fresh.url, waiting("leased_until IS NOT NULL"));
    expect(accounts.map(({ email }) => email)).toEqual(expect.arrayContaining(promised));
    expect(promised.length).toBeLessThan(emails.length);
    expect(await rowsOf(fresh.url, waiting())).toHaveLength(accounts.length);

    smtp.delay(0);
    const heir = new ServerProcess(environment);
    await heir.listening();

    // What was claimed comes again when its lease is over, for which nobody waits here.
    await expect.poll(() => rowsOf(fresh.url, waiting()), { timeout: 10_000 }).toEqual(claimed);
    const mailed = smtp.received.flatMap(({ envelope }) => envelope.to);
    expect(mailed).toHaveLength(accounts.length - claimed.length);
    expect(new Set([...mailed, ...claimed.map(({ email }) => email)]).size).toBe(accounts.length);
  });
});

/** Selects the addresses to which a mail waits, in the order of the mails. */
const waiting = (condition = "1 = 1"): string =>
  "SELECT email FROM users JOIN outbox ON user_id = users.id WHERE users.role = 'member' AND channel = 'mail' " +
  `AND outbox.state = 'waiting' AND ${condition} ORDER BY outbox.id`;

async function rowsOf(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const database = await openDatabase({ url, poolSize: 1, queryTimeoutMs: 5000 });
  try {
    return await database.sequelize.query(sql, { type: QueryTypes.SELECT });
  } finally {
    await database.close();
  }
}
