import { QueryTypes } from "sequelize";
import { afterEach, expect, test, vi } from "vitest";
import { type Database, openDatabase } from "../../../src/database/database.js";
import { createMailTexts } from "../../../src/features/outbox/mail-texts.js";
import { createOutbox, type Outbox } from "../../../src/features/outbox/outbox.js";
import { MOST_ATTEMPTS } from "../../../src/features/outbox/rules.js";
import { createOutboxStore } from "../../../src/features/outbox/store.js";
import type { WorkerSettings } from "../../../src/features/outbox/worker.js";
import type { Logger } from "../../../src/platform/logger.js";
import { createVault } from "../../../src/platform/secrets.js";
import { type Mailer, type MailMessage, MailRefused } from "../../../src/ports/mail/mail.js";
import { createSmtpMailer } from "../../../src/ports/mail/smtp-mailer.js";
import { describeEachDatabase, openMigrated, type TestDatabase } from "../../support/databases.js";
import { startSmtpTwin } from "../../support/smtp-twin.js";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describeEachDatabase("the outbox", (kind) => {
  test("a mail leaves after the commit, once, and nothing of it stays behind", async () => {
    const { enqueue, outbox, database } = await start(kind);
    const postOffice = aPostOffice();
    const open = outbox(postOffice.mailer);

    await enqueue(open, "dana@example.com", async () => {
      await pause(150);
      expect(postOffice.sent).toEqual([]);
    });

    await vi.waitFor(async () => expect(await rowsOf(database)).toEqual([]));
    expect(postOffice.sent).toMatchObject([
      {
        to: "dana@example.com",
        topic: "confirmation",
        token: "t0ken",
        subject: expect.stringContaining("Barong"),
      },
    ]);
  });

  test("a mail of a transaction that is rolled back never leaves", async () => {
    const { enqueue, outbox, database } = await start(kind);
    const postOffice = aPostOffice();
    const open = outbox(postOffice.mailer);

    const enqueued = enqueue(open, "dana@example.com", async () => {
      throw new Error("rolled back");
    });

    await expect(enqueued).rejects.toThrow("rolled back");
    await pause(150);
    expect(postOffice.sent).toEqual([]);
    expect(await rowsOf(database)).toEqual([]);
  });

  test("a commit wakes the worker; nobody waits for the next poll", async () => {
    const { enqueue, outbox } = await start(kind);
    const postOffice = aPostOffice();
    const open = outbox(postOffice.mailer, { pollSeconds: 3600 });
    await pause(50);

    for (let mail = 0; mail < 10; mail++) await enqueue(open, `dana+${mail}@example.com`);

    await vi.waitFor(() => expect(postOffice.sent).toHaveLength(10));
  });

  test("what waits is unreadable without the key", async () => {
    const { enqueue, outbox, database } = await start(kind);
    const open = outbox(aPostOffice().mailer, { lanes: 0 });

    await enqueue(open, "dana@example.com");

    const [row] = await rowsOf(database);
    expect(row).toMatchObject({ kind: "mail", topic: "confirmation", state: "waiting", attempts: 0 });
    expect(JSON.stringify(row)).not.toMatch(/t0ken|dana/);
  });

  test("a mail server that is down delays mails and loses or doubles none", async () => {
    const { enqueue, outbox, database, time } = await start(kind);
    const server = await startSmtpTwin();
    const mailer = createSmtpMailer({ url: server.url, from: "noreply@barong.test", timeoutMs: 2000 });
    closing.push(server.down, mailer.close);
    const open = outbox(mailer);
    const recipients = Array.from({ length: 12 }, (_, mail) => `dana+${mail}@example.com`);
    await server.down();

    for (const to of recipients) await enqueue(open, to);
    await vi.waitFor(async () => {
      const rows = await rowsOf(database);
      expect(rows.every(({ attempts, leased_until }) => attempts === 1 && leased_until === null)).toBe(true);
    });
    await server.up();
    time.advance(60);

    await vi.waitFor(async () => expect(await rowsOf(database)).toEqual([]), 5000);
    expect(server.received.map(({ envelope }) => envelope.to[0]).sort()).toEqual([...recipients].sort());
  });

  test("a mail server that hangs holds up neither commits nor mails of other lanes", async () => {
    const { enqueue, outbox } = await start(kind);
    const postOffice = aPostOffice();
    const release = postOffice.hangOn("stuck@example.com");
    const open = outbox(postOffice.mailer);

    await enqueue(open, "stuck@example.com");
    for (let mail = 0; mail < 8; mail++) await enqueue(open, `dana+${mail}@example.com`);

    await vi.waitFor(() => expect(postOffice.sent).toHaveLength(8));
    release();
  });

  test("workers of several processes share the work and send each mail once", async () => {
    const { enqueue, outbox, database, another } = await start(kind);
    const postOffice = aPostOffice({ takesMs: 5 });
    const writer = outbox(postOffice.mailer, { lanes: 0 });
    for (let mail = 0; mail < 40; mail++) await enqueue(writer, `dana+${mail}@example.com`);
    const second = await another();

    outbox(postOffice.mailer);
    outbox(postOffice.mailer, {}, second);

    await vi.waitFor(async () => expect(await rowsOf(database)).toEqual([]), 10_000);
    expect(postOffice.sent).toHaveLength(40);
    expect(new Set(postOffice.sent.map(({ to }) => to)).size).toBe(40);
  });

  test("what a killed worker had claimed is sent by another one, after the lease and not before", async () => {
    const { enqueue, outbox, database, time } = await start(kind);
    const killed = aPostOffice();
    const release = killed.hangOn("dana@example.com");
    await enqueue(outbox(killed.mailer, { lanes: 1 }), "dana@example.com");
    await vi.waitFor(() => expect(killed.tried).toHaveLength(1));
    const survivor = aPostOffice();
    outbox(survivor.mailer);

    time.advance(110);
    await pause(200);
    expect(survivor.tried).toEqual([]);
    time.advance(11);

    await vi.waitFor(() => expect(survivor.sent).toHaveLength(1));
    expect(survivor.sent[0]?.id).toBe(killed.tried[0]?.id);
    await vi.waitFor(async () => expect(await rowsOf(database)).toEqual([]));
    release();
  });

  test("a worker that comes back after its lease leaves the item to the one that has it now", async () => {
    const { enqueue, outbox, database, time } = await start(kind);
    const late = aPostOffice();
    const releaseLate = late.hangOn("dana@example.com");
    await enqueue(outbox(late.mailer, { lanes: 1 }), "dana@example.com");
    await vi.waitFor(() => expect(late.tried).toHaveLength(1));
    time.advance(121);
    const current = aPostOffice();
    const releaseCurrent = current.hangOn("dana@example.com");
    outbox(current.mailer);
    await vi.waitFor(() => expect(current.tried).toHaveLength(1));

    releaseLate(new MailRefused("too late", { permanent: true }));
    await pause(100);

    expect(await rowsOf(database)).toMatchObject([{ state: "waiting", attempts: 2 }]);
    releaseCurrent();
    await vi.waitFor(async () => expect(await rowsOf(database)).toEqual([]));
  });

  test("a mail that is refused for good is kept for the operator, not repeated, and logged without its secrets", async () => {
    const { enqueue, outbox, database, time, logged } = await start(kind);
    const postOffice = aPostOffice();
    postOffice.refuse(new MailRefused("the mail server answered 550 5.1.1 to RCPT TO", { permanent: true }));
    const open = outbox(postOffice.mailer);

    await enqueue(open, "dana@example.com");
    await vi.waitFor(async () =>
      expect(await rowsOf(database)).toMatchObject([{ state: "dead", attempts: 1 }]),
    );
    time.advance(3600);
    await pause(150);

    expect(postOffice.tried).toHaveLength(1);
    expect(await rowsOf(database)).toMatchObject([
      { state: "dead", last_error: "the mail server answered 550 5.1.1 to RCPT TO", leased_until: null },
    ]);
    expect(logged).toMatchObject([{ level: "error", details: { topic: "confirmation", attempts: 1 } }]);
    expect(JSON.stringify(logged)).not.toMatch(/t0ken|dana/);
  });

  test("a mail that fails again and again is given up after its last attempt", async () => {
    const { enqueue, outbox, database, time, logged } = await start(kind);
    const postOffice = aPostOffice();
    postOffice.refuse(new Error("t0ken for dana@example.com cannot be sent"));
    const open = outbox(postOffice.mailer);

    await enqueue(open, "dana@example.com");
    for (let attempt = 1; attempt < MOST_ATTEMPTS; attempt++) {
      await vi.waitFor(async () => {
        expect(await rowsOf(database)).toMatchObject([{ attempts: attempt, leased_until: null }]);
      });
      time.advance(1200);
      open.kick();
    }

    await vi.waitFor(async () => {
      expect(await rowsOf(database)).toMatchObject([{ state: "dead", attempts: MOST_ATTEMPTS }]);
    });
    expect(JSON.stringify([logged, await rowsOf(database)])).not.toMatch(/t0ken|dana/);
  });

  test("items that were given up are deleted once they are old", async () => {
    const { enqueue, outbox, database, time } = await start(kind);
    const postOffice = aPostOffice();
    postOffice.refuse(new MailRefused("no", { permanent: true }));
    const open = outbox(postOffice.mailer);
    await enqueue(open, "dana@example.com");
    await vi.waitFor(async () => expect(await rowsOf(database)).toMatchObject([{ state: "dead" }]));
    const buried = time.clock();
    time.advance(1);

    expect(await open.deleteGivenUp(buried, 10)).toBe(0);
    expect(await open.deleteGivenUp(time.clock(), 10)).toBe(1);

    expect(await rowsOf(database)).toEqual([]);
  });

  test("a stop waits for the mail in flight and begins no other", async () => {
    const { enqueue, outbox, database } = await start(kind);
    const postOffice = aPostOffice();
    const release = postOffice.hangOn("first@example.com");
    const open = outbox(postOffice.mailer, { lanes: 1 });
    await enqueue(open, "first@example.com");
    await enqueue(open, "second@example.com");
    await vi.waitFor(() => expect(postOffice.tried).toHaveLength(1));

    const stopped = open.stop();
    setTimeout(release, 50);
    await stopped;

    expect(postOffice.sent.map(({ to }) => to)).toEqual(["first@example.com"]);
    expect(await rowsOf(database)).toMatchObject([{ state: "waiting", attempts: 0 }]);
  });

  test("a stop does not wait for ever", async () => {
    const { enqueue, outbox } = await start(kind);
    const postOffice = aPostOffice();
    const release = postOffice.hangOn("dana@example.com");
    const open = outbox(postOffice.mailer, { stopSeconds: 0.05 });
    await enqueue(open, "dana@example.com");
    await vi.waitFor(() => expect(postOffice.tried).toHaveLength(1));

    await open.stop();

    expect(postOffice.sent).toEqual([]);
    release();
  });
});

async function start(kind: TestDatabase) {
  const { database, url, close } = await openMigrated(kind);
  closing.push(close);
  const accountId = await anAccountIn(database);
  const time = movableTime();
  const logged: { level: string; details: object }[] = [];

  return {
    database,
    time,
    logged,
    /** The same database as another process sees it. */
    async another(): Promise<Database> {
      const second = await openDatabase({ url, poolSize: 10, queryTimeoutMs: 10_000 });
      closing.push(() => second.close());
      return second;
    },
    outbox(mailer: Mailer, settings: Partial<WorkerSettings> = {}, on: Database = database): Outbox {
      const outbox = createOutbox({
        store: createOutboxStore(on),
        vault: createVault([{ id: "test", key: Buffer.alloc(32, 7) }]),
        mailer,
        texts: createMailTexts({
          appName: "Barong",
          confirmUrl: "http://x/{token}",
          resetUrl: "http://y/{token}",
        }),
        clock: time.clock,
        logger: loggerInto(logged),
        settings: { pollSeconds: 0.05, leaseSeconds: 120, stopSeconds: 1, ...settings },
      });
      outbox.start();
      closing.push(outbox.stop);
      return outbox;
    },
    enqueue: (outbox: Outbox, to: string, meanwhile: () => Promise<void> = async () => {}) =>
      database.transaction(async (tx) => {
        const fields = { token: "t0ken" };
        await outbox.enqueueMail(tx, { topic: "confirmation", accountId, to, language: "en", fields });
        await meanwhile();
      }),
  };
}

/** Takes mails, or not, as told. */
function aPostOffice({ takesMs = 0 } = {}) {
  const tried: MailMessage[] = [];
  const sent: MailMessage[] = [];
  const hanging = new Map<string, Promise<Error | undefined>>();
  let refusal: Error | undefined;
  const mailer: Mailer = {
    async send(message) {
      tried.push(message);
      if (takesMs > 0) await pause(takesMs);
      const fault = (await hanging.get(message.to)) ?? refusal;
      if (fault) throw fault;
      sent.push(message);
    },
    async close() {},
  };
  return {
    mailer,
    tried,
    sent,
    refuse(fault: Error) {
      refusal = fault;
    },
    /** Mails to this address hang until the answer is called, with or without a fault. */
    hangOn(to: string): (fault?: Error) => void {
      let release: (fault?: Error) => void = () => {};
      hanging.set(to, new Promise((resolve) => (release = resolve)));
      return (fault) => release(fault);
    },
  };
}

function movableTime() {
  let now = Date.parse("2026-11-22T12:00:00Z");
  return {
    clock: () => new Date(now),
    advance(seconds: number) {
      now += seconds * 1000;
    },
  };
}

function loggerInto(lines: { level: string; details: object }[]): Logger {
  const at = (level: string) => (details: object, message: string) => {
    lines.push({ level, details: { ...details, message } });
  };
  const logger: Logger = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => logger,
  };
  return logger;
}

async function anAccountIn({ sequelize }: Database): Promise<number> {
  const now = new Date("2026-11-22T12:00:00Z");
  await sequelize.getQueryInterface().bulkInsert("users", [
    {
      uid: "ID1234567890",
      email: "dana@example.com",
      password_digest: "-",
      created_at: now,
      updated_at: now,
    },
  ]);
  const [row] = await sequelize.query<{ id: number }>("SELECT id FROM users", { type: QueryTypes.SELECT });
  if (!row) throw new Error("there is no account");
  return row.id;
}

interface Row {
  readonly attempts: number;
  readonly leased_until: Date | null;
}

const rowsOf = ({ sequelize }: Database): Promise<Row[]> =>
  sequelize.query<Row>("SELECT * FROM outbox ORDER BY id", { type: QueryTypes.SELECT });

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
