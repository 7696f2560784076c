import { expect, onTestFinished, test, vi } from "vitest";
import { createMailCourier } from "../../../src/features/mails/courier.js";
import { createMailTexts } from "../../../src/features/mails/mail-texts.js";
import { createOutbox } from "../../../src/features/outbox/outbox.js";
import { createOutboxStore } from "../../../src/features/outbox/store.js";
import { systemClock } from "../../../src/platform/clock.js";
import { silentLogger } from "../../../src/platform/logger.js";
import { createVault } from "../../../src/platform/secrets.js";
import { describeEachDatabase, openMigrated } from "../../support/databases.js";

const MAILS = 200;

describeEachDatabase("a backlog of mails", (kind) => {
  test("is not searched for every mail where there is a single connection", async () => {
    const { database, close } = await openMigrated(kind);
    onTestFinished(close);
    const store = createOutboxStore(database);
    const due = vi.fn(store.due);
    const outbox = createOutbox({
      database,
      store: { ...store, due },
      vault: createVault([{ id: "test", key: Buffer.alloc(32, 7) }]),
      clock: systemClock,
      logger: silentLogger,
      settings: { pollSeconds: 3600 },
    });
    onTestFinished(outbox.stop);
    await database.transaction(async (tx) => {
      const payload = { to: "dana@example.com", language: "en", token: "t0ken" };
      for (let mail = 0; mail < MAILS; mail++)
        await outbox.post(tx, { channel: "mail", topic: "confirmation", accountId: null, payload });
    });
    const sent: string[] = [];
    const page = "https://example.com/?token={token}";
    const texts = createMailTexts({ appName: "Barong", siteUrl: page, confirmUrl: page, resetUrl: page });
    const mailer = { send: async ({ id }: { id: string }) => void sent.push(id), close: async () => {} };

    outbox.deliverBy(createMailCourier({ mailer, texts, lanes: 1 }));
    outbox.start();
    await vi.waitFor(() => expect(sent).toHaveLength(MAILS), 20_000);

    expect(new Set(sent).size).toBe(MAILS);
    expect(due.mock.calls.length).toBeLessThan(MAILS / 5);
  });
});
