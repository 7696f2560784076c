import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Parcel } from "../../src/features/outbox/outbox.js";
import { describeEachDatabase, testDatabases } from "../support/databases.js";
import { freshEmail, post } from "../support/rest.js";
import { type SmtpTwin, startSmtpTwin } from "../support/smtp-twin.js";
import { PASSWORD } from "../support/start-app.js";
import { startTcpProxy } from "../support/tcp-proxy.js";
import { copiesOf, LEASE_SECONDS, startHouse, untilCounts } from "./outbox-house.js";

const TIMEOUT = { timeout: 180_000 };
const CONNECTIONS = 3;
const MAILS = { channel: "mail" };

async function startMailServer() {
  const smtp = await startSmtpTwin();
  onTestFinished(smtp.down);
  const proxy = await startTcpProxy({ host: "127.0.0.1", port: Number(new URL(smtp.url).port) });
  onTestFinished(proxy.close);
  return { smtp, proxy, url: `smtp://127.0.0.1:${proxy.port}` };
}

const mailSettings = (url: string) => ({
  SMTP_URL: url,
  SMTP_CONNECTIONS: String(CONNECTIONS),
  MAIL_FROM: "Barong <noreply@example.com>",
});

/** So many mails to each account, which have their account and number in the address. */
function mailsTo(accounts: readonly number[], each: number): Parcel[] {
  return Array.from({ length: each }, (_, number) =>
    accounts.map(
      (accountId): Parcel => ({
        channel: "mail",
        topic: "confirmation",
        accountId,
        payload: { to: `${accountId}-${number}@example.com`, language: "en", token: `token-${number}` },
      }),
    ),
  ).flat();
}

const namesIn = ({ received }: SmtpTwin): string[] => received.map(({ mail }) => String(mail.messageId));
const addressesIn = ({ received }: SmtpTwin): string[] => received.flatMap(({ envelope }) => envelope.to);

describeEachDatabase("mails of a process that is killed", (database) => {
  test("between the commit and the sending are sent by its heir, each once", TIMEOUT, async () => {
    const { smtp, url } = await startMailServer();
    const house = await startHouse(database, mailSettings(url));
    await smtp.down();
    const doomed = house.server();
    const server = await doomed.listening();
    const emails = Array.from({ length: 4 }, freshEmail);

    for (const email of emails)
      expect((await post(server, "/identity/users", { email, password: PASSWORD })).status).toBe(201);
    doomed.child.kill("SIGKILL");
    await doomed.ended();
    expect(await house.counts(MAILS)).toEqual({ waiting: emails.length });
    await smtp.up();
    await house.server().listening();

    await untilCounts(house, MAILS, { sent: emails.length });
    expect(addressesIn(smtp).sort()).toEqual(emails.sort());
  });

  test("in the middle of the sending are sent by its heir, each once", TIMEOUT, async () => {
    const { smtp, proxy, url } = await startMailServer();
    const house = await startHouse(database, mailSettings(url));
    await house.post(mailsTo(await house.accounts(5), 2));
    proxy.blackhole = true;
    const doomed = house.server();
    await expect.poll(() => proxy.connections(), { timeout: 20_000 }).toBe(CONNECTIONS);

    doomed.child.kill("SIGKILL");
    await doomed.ended();
    expect(smtp.received).toEqual([]);
    expect(await house.counts(MAILS)).toEqual({ waiting: 10 });
    proxy.blackhole = false;
    await house.server().listening();

    await untilCounts(house, MAILS, { sent: 10 });
    expect(new Set(addressesIn(smtp)).size).toBe(10);
    expect(smtp.received).toHaveLength(10);
  });

  test(
    "after the sending and before the note come again under their names, none but those in flight",
    TIMEOUT,
    async () => {
      const { smtp, url } = await startMailServer();
      const house = await startHouse(database, mailSettings(url));
      await house.post(mailsTo(await house.accounts(10), 2));
      const doomed = house.server();
      smtp.onTaken(() => {
        if (smtp.received.length === 8) doomed.child.kill("SIGKILL");
      });
      await doomed.ended();
      const takenBefore = smtp.received.length;
      expect(takenBefore).toBeLessThan(20);
      const { sent = 0 } = await house.counts(MAILS);
      expect(sent).toBeLessThan(takenBefore);

      await house.server().listening();

      await untilCounts(house, MAILS, { sent: 20 });
      const copies = copiesOf(namesIn(smtp));
      expect(copies.size).toBe(20);
      expect(new Set(addressesIn(smtp)).size).toBe(20);
      const repeated = [...copies.values()].filter((count) => count > 1);
      expect(repeated.length).toBe(takenBefore - sent);
      expect(repeated.length).toBeLessThanOrEqual(CONNECTIONS);
      expect(Math.max(...repeated)).toBe(2);
    },
  );
});

describeEachDatabase("mails of two processes on one database", (database) => {
  test("are shared: each of hundreds leaves once, those of an account in their order", TIMEOUT, async () => {
    const { smtp, url } = await startMailServer();
    const house = await startHouse(database, mailSettings(url));
    const accounts = await house.accounts(8);
    const servers = [house.server(), house.server()];
    await Promise.all(servers.map((server) => server.listening()));

    // While they are at work.
    for (let part = 0; part < 5; part += 1) {
      await house.post(mailsTo(accounts, 8));
      await sleep(50);
    }

    await untilCounts(house, MAILS, { sent: 320 });
    expect(smtp.received).toHaveLength(320);
    expect(new Set(namesIn(smtp)).size).toBe(320);
    const numbers = (account: number) =>
      addressesIn(smtp).flatMap((address) => new RegExp(`^${account}-(\\d+)@`).exec(address)?.[1] ?? []);
    const inOrder = Array.from({ length: 5 }, () => ["0", "1", "2", "3", "4", "5", "6", "7"]).flat();
    for (const account of accounts) expect(numbers(account)).toEqual(inOrder);
  });

  test("that nobody can take go to the dead letters, the others of all accounts flow", TIMEOUT, async () => {
    const { smtp, url } = await startMailServer();
    const house = await startHouse(database, mailSettings(url));
    const accounts = await house.accounts(3);
    const [poisoned = 0] = accounts;
    const poison: Parcel = {
      channel: "mail",
      topic: "confirmation",
      accountId: poisoned,
      payload: { to: "two@example.com, addresses@example.com", language: "en", token: "token" },
    };

    await house.post([...mailsTo(accounts, 1), poison, ...mailsTo(accounts, 2)]);
    await Promise.all([house.server().listening(), house.server().listening()]);

    await untilCounts(house, MAILS, { sent: 9, dead: 1 });
    expect(smtp.received).toHaveLength(9);
  });
});

describeEachDatabase("a mail server that hangs", (database) => {
  test("is not waited for by anybody who signs up", TIMEOUT, async () => {
    const { smtp, proxy, url } = await startMailServer();
    const house = await startHouse(database, mailSettings(url));
    proxy.blackhole = true;
    const server = await house.server().listening();
    const emails = Array.from({ length: 6 }, freshEmail);

    for (const email of emails)
      expect((await post(server, "/identity/users", { email, password: PASSWORD })).status).toBe(201);

    // All of them were answered while those in flight had not heard a word.
    expect(proxy.connections()).toBeGreaterThan(0);
    expect(smtp.connections.total).toBeGreaterThan(0);
    expect(smtp.received).toEqual([]);
    expect(await house.counts(MAILS)).toEqual({ waiting: emails.length });
    proxy.blackhole = false;
    proxy.resetAll();
    await untilCounts(house, MAILS, { sent: emails.length });
    expect(addressesIn(smtp).sort()).toEqual(emails.sort());
  });
});

describe.each(testDatabases().filter(({ name }) => name === "mysql"))(
  "a database that goes away",
  (database) => {
    test(
      "between the sending and the note costs no mail, and no second one while the process lives",
      TIMEOUT,
      async () => {
        const { smtp, url } = await startMailServer();
        const house = await startHouse(database, mailSettings(url));
        await house.post(mailsTo(await house.accounts(10), 3));
        const address = new URL(house.url);
        const proxy = await startTcpProxy({ host: address.hostname, port: Number(address.port || 3306) });
        onTestFinished(proxy.close);
        address.host = `127.0.0.1:${proxy.port}`;
        smtp.onTaken(() => {
          if (smtp.received.length !== 10) return;
          proxy.down = true;
          proxy.resetAll();
        });
        const server = house.server({ DATABASE_URL: address.href, DATABASE_QUERY_TIMEOUT_MS: "1000" });
        await expect.poll(() => proxy.down, { timeout: 30_000 }).toBe(true);
        await sleep(1000);
        const takenBefore = smtp.received.length;
        const { sent = 0 } = await house.counts(MAILS);
        expect(sent).toBeLessThan(takenBefore);

        proxy.down = false;

        await untilCounts(house, MAILS, { sent: 30 });
        expect(smtp.received).toHaveLength(30);
        expect(new Set(namesIn(smtp)).size).toBe(30);
        // Long enough for what was taken and not noted to come again.
        await sleep(LEASE_SECONDS * 1000);
        expect(smtp.received).toHaveLength(30);
        expect(server.child.exitCode).toBeNull();
      },
    );
  },
);
