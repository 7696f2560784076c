import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { testDatabases } from "../support/databases.js";
import { keyOfMember, type MemberKey } from "../support/key-owner.js";
import { type Answer, expectRefusal, rest } from "../support/rest.js";
import { type KeyHeaders, signedByRequest } from "../support/signing.js";
import { type Started, start } from "../support/start-app.js";
import { lockFile } from "./locked-file.js";
import { behindProxy } from "./proxied.js";

const TARGET = "/api/v2/peatio/market/orders";
const mysql = testDatabases().filter(({ name }) => name === "mysql");

describe.each(mysql)("requests signed with API keys while the database is in trouble", (kind) => {
  const database = behindProxy(kind);
  let app: Started & { stop(): Promise<void> };
  let key: MemberKey;

  beforeEach(async () => {
    const environment = {
      AUTHZ_TIMEOUT_MS: "300",
      AUTHZ_CACHE_MS: "1000",
      DATABASE_QUERY_TIMEOUT_MS: "2000",
    };
    app = await start(database, { environment });
    key = await keyOfMember(app);
  });
  afterEach(async () => {
    heal();
    await app.stop();
  });

  const heal = () => {
    database.proxy.blackhole = false;
    database.proxy.down = false;
  };
  const sign = () => signedByRequest(key, { target: TARGET });
  const ask = (headers: KeyHeaders): Promise<Answer> => rest(app, "GET", `/auth${TARGET}`, { headers });

  test.each([
    [
      "silent",
      () => {
        database.proxy.blackhole = true;
      },
    ],
    [
      "down",
      () => {
        database.proxy.down = true;
        database.proxy.resetAll();
      },
    ],
  ])("nobody is let in on a known key when it is %s, and everybody once it is back", async (_how, fail) => {
    const used = sign();
    expect((await ask(used)).status).toBe(200);
    const fresh = Array.from({ length: 20 }, sign);
    fail();

    const answers = await Promise.all(fresh.map(ask));

    for (const answer of answers) expectRefusal(answer, 503, "server.unavailable");
    heal();
    await expect.poll(async () => (await ask(sign())).status, { timeout: 10_000 }).toBe(200);
    expectRefusal(await ask(used), 401, "authz.nonce_reused");
  });
});

const sqlite = testDatabases().filter(({ name }) => name === "sqlite");

describe.each(sqlite)(
  "requests signed with API keys while another process has locked the SQLite file",
  (kind) => {
    test("are answered 503 in time, as their nonces cannot be written, and pass when it is free", async () => {
      const app = await start(kind, { environment: { AUTHZ_TIMEOUT_MS: "300" } });
      try {
        const key = await keyOfMember(app);
        const ask = () =>
          rest(app, "GET", `/auth${TARGET}`, { headers: { ...signedByRequest(key, { target: TARGET }) } });
        expect((await ask()).status).toBe(200);
        const release = await lockFile(app.database.settings.url.slice("sqlite:".length));

        const began = performance.now();
        const refused = await ask();
        const took = performance.now() - began;
        await release();

        expectRefusal(refused, 503, "server.unavailable");
        expect(took).toBeLessThan(2000);
        await expect.poll(async () => (await ask()).status, { timeout: 10_000 }).toBe(200);
      } finally {
        await app.stop();
      }
    });
  },
);
