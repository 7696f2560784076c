import { setTimeout as sleep } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UserService } from "../../gen/barong/identity/v1/user_service_pb.js";
import { testDatabases } from "../support/databases.js";
import { activeMember, expectRefusal, freshEmail, post, rest, signIn } from "../support/rest.js";
import { PASSWORD, type Started, start } from "../support/start-app.js";
import { lockFile } from "./locked-file.js";
import { recordingLogger, storedRows } from "./observed.js";
import { behindProxy } from "./proxied.js";

const QUERY_TIMEOUT_MS = 500;
const environment = { DATABASE_QUERY_TIMEOUT_MS: String(QUERY_TIMEOUT_MS), DATABASE_POOL: "3" };
const named = (name: string) => testDatabases().filter((kind) => kind.name === name);

describe.each(named("mysql"))("a MySQL that goes away", (kind) => {
  const database = behindProxy(kind);
  const { logger, lines } = recordingLogger();
  let app: Started & { stop(): Promise<void> };

  beforeEach(async () => {
    app = await start(database, { environment, logger });
  });
  afterEach(async () => {
    database.proxy.blackhole = false;
    database.proxy.down = false;
    await app.stop();
    const log = lines.splice(0).join("");
    expect(log).not.toContain(PASSWORD);
    expect(log).not.toContain("_barong_session");
  });

  const readiness = async () => (await fetch(`${app.http}/readyz`)).status;
  const signUp = (email: string) => post(app, "/identity/users", { email, password: PASSWORD });
  const outages = {
    "refuses connections": () => {
      database.proxy.down = true;
      database.proxy.resetAll();
    },
    "falls silent": () => {
      database.proxy.blackhole = true;
    },
  };

  test.each(Object.entries(outages))(
    "and %s is answered 503 in time, until it is back",
    async (_how, fail) => {
      const cookie = await signIn(app, await activeMember(app));
      const email = freshEmail();
      await app.mails();
      const before = await storedRows(app.database);
      fail();

      const began = performance.now();
      const answers = await Promise.all([
        signUp(email),
        rest(app, "GET", "/resource/users/me", { headers: { cookie } }),
        post(app, "/identity/sessions", { email, password: PASSWORD }),
        rest(app, "GET", "/auth/api/v2/orders", { headers: { cookie } }),
      ]);

      // One query that waits for a connection, and one that waits for an answer.
      expect(performance.now() - began).toBeLessThan(4 * QUERY_TIMEOUT_MS);
      for (const answer of answers) {
        expectRefusal(answer, 503, "server.unavailable");
        expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      }
      expect(await readiness()).toBe(503);
      expect((await fetch(`${app.http}/healthz`)).status).toBe(200);
      expect((await rest(app, "GET", "/identity/ping")).status).toBe(200);

      database.proxy.down = false;
      database.proxy.blackhole = false;
      await expect.poll(readiness, { timeout: 5000 }).toBe(200);
      expect(await storedRows(app.database)).toEqual(before);
      expect((await rest(app, "GET", "/resource/users/me", { headers: { cookie } })).status).toBe(200);
      await expect.poll(async () => (await signUp(email)).status).toBe(201);
      expect((await app.mails()).filter(({ to }) => to === email)).toHaveLength(1);
    },
  );

  test("in the middle of sign-ups leaves each of them whole, with one mail, or undone", async () => {
    const emails = Array.from({ length: 12 }, freshEmail);
    const signUps = emails.map(signUp);
    await Promise.race(signUps);
    database.proxy.down = true;
    database.proxy.resetAll();
    const answers = await Promise.all(signUps);
    database.proxy.down = false;
    await expect.poll(readiness, { timeout: 5000 }).toBe(200);
    app.rooms.outbox.kick();
    const mails = await app.mails();

    for (const [index, email] of emails.entries()) {
      const account = await app.rooms.accounts.byEmail(email);
      const mailed = mails.filter(({ to }) => to === email).length;
      expect(mailed).toBe(account ? 1 : 0);
      // A connection lost at the commit may have committed; what was answered with success must have.
      if (answers[index]?.status === 201) expect(account).toBeDefined();
    }
    expect(answers.filter(({ status }) => status === 503).length).toBeGreaterThan(0);
    expect(answers.filter(({ status }) => status !== 201 && status !== 503)).toEqual([]);
  });

  test("keeps nobody longer than his deadline over gRPC", async () => {
    const slow = await start(database, { logger });
    try {
      await slow.mails();
      database.proxy.blackhole = true;
      const began = performance.now();

      const refused = await signUpByGrpc(slow.grpc, freshEmail(), 300);

      expect(refused).toMatchObject({ code: 4 });
      expect(performance.now() - began).toBeLessThan(2000);
      await expect
        .poll(() => lines.join(""))
        .toMatch(/"rpc":"[^"]*CreateUser","status":"(DEADLINE_EXCEEDED|CANCELLED)"/);
    } finally {
      database.proxy.blackhole = false;
      await slow.stop();
    }
  });

  test("is not waited for by callers who have left, and they leave nothing behind", async () => {
    const before = await storedRows(app.database);
    database.proxy.latency = 100;
    const leave = new AbortController();
    const calls = Array.from({ length: 6 }, () =>
      fetch(`${app.http}/api/v2/identity/users`, {
        method: "POST",
        body: new URLSearchParams({ email: freshEmail(), password: PASSWORD }),
        signal: leave.signal,
      }),
    );
    await sleep(150);
    leave.abort();
    await Promise.allSettled(calls);
    database.proxy.latency = 0;

    const began = performance.now();
    expect((await signUp(freshEmail())).status).toBe(201);
    expect(performance.now() - began).toBeLessThan(3 * QUERY_TIMEOUT_MS);
    await app.mails();
    expect((await storedRows(app.database)).users).toBe((before.users ?? 0) + 1);
  });
});

describe.each(named("sqlite"))("a SQLite file that another process has locked", (kind) => {
  test("is answered 503 for what is written, not for what is read, until it is free", async () => {
    const app = await start(kind, { environment });
    try {
      const cookie = await signIn(app, await activeMember(app));
      const email = freshEmail();
      const before = await storedRows(app.database);
      const release = await lockFile(app.database.settings.url.slice("sqlite:".length));

      const began = performance.now();
      const refused = await post(app, "/identity/users", { email, password: PASSWORD });
      expect(performance.now() - began).toBeLessThan(4 * QUERY_TIMEOUT_MS);
      const read = await rest(app, "GET", "/resource/users/me", { headers: { cookie } });
      await release();

      expectRefusal(refused, 503, "server.unavailable");
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(read.status).toBe(200);
      expect(await storedRows(app.database)).toEqual(before);
      expect((await post(app, "/identity/users", { email, password: PASSWORD })).status).toBe(201);
      expect((await app.mails()).filter(({ to }) => to === email)).toHaveLength(1);
    } finally {
      await app.stop();
    }
  });

  test("for a moment only makes a call wait", async () => {
    const app = await start(kind);
    try {
      const release = await lockFile(app.database.settings.url.slice("sqlite:".length));

      const signingUp = post(app, "/identity/users", { email: freshEmail(), password: PASSWORD });
      await sleep(200);
      await release();

      expect((await signingUp).status).toBe(201);
    } finally {
      await app.stop();
    }
  });
});

function signUpByGrpc(address: string, email: string, deadlineMs: number): Promise<ServiceError | null> {
  const { input, parent, name } = UserService.method.createUser;
  const client = new Client(address, credentials.createInsecure());
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      `/${parent.typeName}/${name}`,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      Buffer.from(toBinary(input, create(input, { email, password: PASSWORD }))),
      new Metadata(),
      { deadline: Date.now() + deadlineMs },
      (error) => {
        client.close();
        resolve(error);
      },
    );
  });
}
