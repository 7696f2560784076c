import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { secondsAfter } from "../../src/platform/clock.js";
import { testDatabases } from "../support/databases.js";
import { envoyFilter } from "../support/envoy.js";
import { activeMember, expectRefusal, rest, signIn } from "../support/rest.js";
import { type Started, start } from "../support/start-app.js";
import { lockFile } from "./locked-file.js";
import { behindProxy } from "./proxied.js";

const BUDGET_MS = 300;
// Far more patience than the gateway has.
const environment = {
  AUTHZ_TIMEOUT_MS: String(BUDGET_MS),
  DATABASE_QUERY_TIMEOUT_MS: "8000",
  DATABASE_POOL: "3",
};
const mysql = testDatabases().filter(({ name }) => name === "mysql");

describe.each(mysql)("the gateway's question while the database is in trouble", (kind) => {
  const database = behindProxy(kind);
  let app: Started & { stop(): Promise<void> };
  let cookie: string;

  async function startWith(more: Record<string, string>) {
    app = await start(database, { environment: { ...environment, ...more } });
    cookie = await signIn(app, await activeMember(app));
  }
  beforeEach(() => startWith({ AUTHZ_CACHE_MS: "0" }));
  afterEach(async () => {
    database.proxy.latency = 0;
    database.proxy.blackhole = false;
    database.proxy.down = false;
    await app.stop();
  });

  const ask = () => rest(app, "GET", "/auth/api/v2/orders", { headers: { cookie } });

  test.each([
    [
      "slow",
      () => {
        database.proxy.latency = 1000;
      },
    ],
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
  ])(
    "is answered 503 in its time over HTTP and to Envoy when it is %s, and well afterwards",
    async (_how, fail) => {
      const envoy = envoyFilter(app);
      expect((await ask()).status).toBe(200);
      fail();

      const began = performance.now();
      const [answer, verdict] = await Promise.all([
        ask(),
        envoy.ask({ path: "/api/v2/orders", headers: { cookie } }),
      ]);
      const took = performance.now() - began;

      expectRefusal(answer, 503, "server.unavailable");
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(verdict).toMatchObject({
        allowed: false,
        status: 503,
        body: { errors: ["server.unavailable"] },
      });
      expect(took).toBeLessThan(1000);

      database.proxy.latency = 0;
      database.proxy.blackhole = false;
      database.proxy.down = false;
      await expect.poll(async () => (await ask()).status, { timeout: 10_000 }).toBe(200);
      envoy.close();
    },
  );

  test("a stranger's token is no way in while nobody can look it up", async () => {
    database.proxy.blackhole = true;

    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => {
        const token = String(at).padStart(43, "A");
        return rest(app, "GET", "/auth/api/v2/orders", { headers: { cookie: `_barong_session=${token}` } });
      }),
    );

    for (const answer of answers) expectRefusal(answer, 503, "server.unavailable");
  });

  test("what was looked up a moment ago holds for that moment, and not a second longer", async () => {
    await app.stop();
    await startWith({ AUTHZ_CACHE_MS: "1000" });
    const envoy = envoyFilter(app);
    const line = { path: "/api/v2/orders", headers: { cookie } };
    expect((await ask()).status).toBe(200);
    const lookedUpBy = performance.now();
    database.proxy.blackhole = true;

    const [during, duringOverGrpc] = await Promise.all([ask(), envoy.ask(line)]);
    const answeredAfter = performance.now() - lookedUpBy;
    await sleep(1000 - answeredAfter);
    const [after, afterOverGrpc] = await Promise.all([ask(), envoy.ask(line)]);
    envoy.close();

    expect(during.status).toBe(200);
    expect(duringOverGrpc.allowed).toBe(true);
    // Not because it had to be looked up.
    expect(answeredAfter).toBeLessThan(BUDGET_MS);
    expectRefusal(after, 503, "server.unavailable");
    expect(afterOverGrpc).toMatchObject({ allowed: false, status: 503 });
  });
});

const sqlite = testDatabases().filter(({ name }) => name === "sqlite");

describe.each(sqlite)("the gateway's question while another process has locked the SQLite file", (kind) => {
  test("is answered as ever for a session of which it is time to write down that it was seen", async () => {
    const now = { moment: new Date() };
    const clock = () => now.moment;
    const app = await start(kind, { clock, environment: { ...environment, AUTHZ_CACHE_MS: "0" } });
    try {
      const cookie = await signIn(app, await activeMember(app));
      now.moment = secondsAfter(now.moment, 1000);
      const ask = () => rest(app, "GET", "/auth/api/v2/orders", { headers: { cookie } });
      const release = await lockFile(app.database.settings.url.slice("sqlite:".length));

      const answers = await Promise.all(Array.from({ length: 3 }, ask));
      await release();

      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      // As soon as it can be, it is written down, which keeps the session from going idle.
      expect((await ask()).status).toBe(200);
      now.moment = secondsAfter(now.moment, 1000);
      expect((await ask()).status).toBe(200);
    } finally {
      await app.stop();
    }
  });

  test("is answered as ever for a session, which is only read", async () => {
    const app = await start(kind, { environment: { ...environment, AUTHZ_CACHE_MS: "0" } });
    try {
      const cookie = await signIn(app, await activeMember(app));
      const release = await lockFile(app.database.settings.url.slice("sqlite:".length));

      const answer = await rest(app, "GET", "/auth/api/v2/orders", { headers: { cookie } });
      await release();

      expect(answer.status).toBe(200);
    } finally {
      await app.stop();
    }
  });
});
