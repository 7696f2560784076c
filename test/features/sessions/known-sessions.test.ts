import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Holder } from "../../../src/features/accounts/accounts.js";
import { createKnownSessions } from "../../../src/features/sessions/known-sessions.js";
import type { HeldSession } from "../../../src/features/sessions/store.js";
import { secondsAfter } from "../../../src/platform/clock.js";

const NOON = new Date("2026-03-01T12:00:00.000Z");
const LIMITS = { idleSeconds: 1800, lifetimeSeconds: 86_400, perAccount: 20 };
const TOKEN = "t".repeat(43);

const DANA: Holder = {
  id: 7,
  uid: "ID0000000007",
  email: "dana@example.com",
  role: "member",
  level: 1,
  otp: false,
  state: "active",
  referralId: null,
  credentialsChangedAt: null,
};

const SESSION: HeldSession = {
  id: 1,
  lastSeenAt: NOON,
  expiresAt: secondsAfter(NOON, LIMITS.lifetimeSeconds),
  endedAt: null,
  account: DANA,
  asOf: NOON,
};

/** Known sessions, of which `row` is in the table as long as it is defined. */
function house({ cacheMs = 10_000, row = SESSION }: { cacheMs?: number; row?: HeldSession } = {}) {
  const now = { moment: NOON };
  const table: { row: HeldSession | undefined } = { row };
  const touches: Date[] = [];
  let obstacle = () => Promise.resolve();
  const watchers: ((account: { id: number }) => void)[] = [];
  let reads = 0;
  let slowness: { readonly begin: () => void; readonly over: Promise<void> } | undefined;
  /** Finds the row under whatever name it is asked for. */
  async function readAll(names: readonly string[]) {
    reads += 1;
    const read = table.row;
    const held = slowness;
    slowness = undefined;
    held?.begin();
    await held?.over;
    return new Map(names.flatMap((name) => (read ? [[name, read] as const] : [])));
  }
  const sessions = createKnownSessions({
    store: {
      withHolders: readAll,
      withHoldersById: readAll,
      async touch(_id, moment) {
        touches.push(moment);
        await obstacle();
      },
    },
    accounts: { onChanged: (watcher) => void watchers.push(watcher) },
    clock: () => now.moment,
    limits: LIMITS,
    cacheMs,
    readMs: 200,
    touchMs: 50,
  });
  return {
    sessions,
    table,
    touches,
    wait: (seconds: number) => {
      now.moment = secondsAfter(now.moment, seconds);
    },
    tellOfChange: () => {
      for (const watcher of watchers) watcher({ id: DANA.id });
    },
    reads: () => reads,
    hinderTouches: (by: () => Promise<void>) => {
      obstacle = by;
    },
    /** The next read has begun, and ends when it is released. */
    holdNextRead: () => {
      let begin: () => void = () => undefined;
      let release: () => void = () => undefined;
      const begun = new Promise<void>((resolve) => {
        begin = resolve;
      });
      const over = new Promise<void>((resolve) => {
        release = resolve;
      });
      slowness = { begin, over };
      return { begun, release: () => release() };
    },
  };
}

test("a session that was found is known without a look into the database", async () => {
  const { sessions, reads } = house();
  expect(sessions.peek(TOKEN)).toBeUndefined();

  await sessions.find(TOKEN);

  expect(sessions.peek(TOKEN)).toMatchObject({ id: 1, account: DANA });
  expect(await sessions.find(TOKEN)).toMatchObject({ id: 1 });
  expect(reads()).toBe(1);
});

test("what has not the form of a token is not looked up", async () => {
  const { sessions, reads } = house();

  expect(await sessions.find("x")).toBeUndefined();

  expect(reads()).toBe(0);
});

test("limits hold for known sessions as well", async () => {
  for (const [seconds, row] of [
    [LIMITS.idleSeconds, SESSION],
    [30, { ...SESSION, expiresAt: secondsAfter(NOON, 30) }],
  ] as const) {
    const { sessions, wait } = house({ row });
    await sessions.find(TOKEN);
    wait(seconds - 1);
    expect(await sessions.find(TOKEN)).toBeDefined();

    wait(seconds === 30 ? 1 : LIMITS.idleSeconds);

    expect(sessions.peek(TOKEN)).toBeUndefined();
    expect(await sessions.find(TOKEN)).toBeUndefined();
  }
});

test("it is written down once a minute that a session was seen, of many requests by one", async () => {
  const { sessions, touches, wait } = house();
  await sessions.find(TOKEN);
  expect(touches).toEqual([]);

  for (let minute = 0; minute < 2; minute += 1) {
    wait(60);
    // Somebody has to write.
    expect(sessions.peek(TOKEN)).toBeUndefined();
    await Promise.all(Array.from({ length: 5 }, () => sessions.find(TOKEN)));
    expect(sessions.peek(TOKEN)).toBeDefined();
  }

  expect(touches).toEqual([secondsAfter(NOON, 60), secondsAfter(NOON, 120)]);
});

test("requests that come together write once as well when none of them knows the session yet", async () => {
  const { sessions, touches, wait } = house();
  wait(60);

  const found = await Promise.all(Array.from({ length: 5 }, () => sessions.find(TOKEN)));

  expect(found.every((session) => session?.id === 1)).toBe(true);
  expect(touches).toEqual([secondsAfter(NOON, 60)]);
  expect(sessions.peek(TOKEN)).toBeDefined();
});

test("a session holds though it cannot be written down that it was seen, which the next request tries again", async () => {
  for (const obstacle of [
    () => Promise.reject(new Error("a lock")),
    // Nobody waits for as long as this.
    () => new Promise<void>(() => undefined),
  ]) {
    const { sessions, touches, wait, hinderTouches } = house({ cacheMs: 0 });
    wait(60);
    hinderTouches(obstacle);

    expect(await sessions.find(TOKEN)).toMatchObject({ id: 1 });
    expect(await sessions.find(TOKEN)).toMatchObject({ id: 1 });

    expect(touches).toHaveLength(2);
  }
});

test("an ended session is found only while its account is not active, and is not seen by that", async () => {
  const ended = { ...SESSION, endedAt: NOON };
  const active = house({ row: ended });
  const banned = house({ row: { ...ended, account: { ...DANA, state: "banned" } } });
  for (const { wait } of [active, banned]) wait(60);

  expect(await active.sessions.find(TOKEN)).toBeUndefined();
  expect(active.sessions.peek(TOKEN)).toBeUndefined();
  expect(await banned.sessions.find(TOKEN)).toMatchObject({ account: { state: "banned" } });
  expect(banned.sessions.peek(TOKEN)).toMatchObject({ account: { state: "banned" } });
  for (const { touches } of [active, banned]) expect(touches).toEqual([]);
});

test("a change of the account is known at once, also to reads that began before it", async () => {
  const { sessions, table, tellOfChange, holdNextRead } = house();
  const { begun, release } = holdNextRead();
  const early = sessions.find(TOKEN);
  await begun;
  table.row = { ...SESSION, endedAt: NOON };
  tellOfChange();

  release();

  expect(await early).toBeDefined();
  expect(sessions.peek(TOKEN)).toBeUndefined();
  expect(await sessions.find(TOKEN)).toBeUndefined();
});

test("a touch by a request from before a change does not bring the session back", async () => {
  const { sessions, table, tellOfChange, holdNextRead, wait } = house();
  wait(60);
  const { begun, release } = holdNextRead();
  const early = sessions.find(TOKEN);
  await begun;
  table.row = { ...SESSION, endedAt: NOON };
  tellOfChange();
  expect(await sessions.find(TOKEN)).toBeUndefined();

  release();
  expect(await early).toBeDefined();

  expect(sessions.peek(TOKEN)).toBeUndefined();
  expect(await sessions.find(TOKEN)).toBeUndefined();
});

test("what ends in a transaction is forgotten in it, and again after its commit", async () => {
  const { sessions, table, reads } = house();
  const followUps: (() => void | Promise<void>)[] = [];
  const tx = { afterCommit: (action: () => void | Promise<void>) => void followUps.push(action) } as never;
  await sessions.find(TOKEN);
  await sessions.findById(1);
  expect(reads()).toBe(2);

  sessions.forgetAllOf(DANA.id, tx);
  expect(sessions.peek(TOKEN)).toBeUndefined();
  // Before the commit it is still there for others.
  await sessions.find(TOKEN);
  await sessions.findById(1);
  expect(reads()).toBe(4);
  table.row = undefined;
  for (const followUp of followUps) await followUp();

  expect(sessions.peek(TOKEN)).toBeUndefined();
  expect(await sessions.find(TOKEN)).toBeUndefined();
  expect(await sessions.findById(1)).toBeUndefined();
});

test("a session that was found by its id is known without a look into the database, and its limits hold", async () => {
  const { sessions, reads, wait } = house();

  expect(await sessions.findById(1)).toMatchObject({ id: 1, account: DANA });
  wait(LIMITS.idleSeconds - 1);
  expect(await sessions.findById(1)).toBeDefined();
  expect(reads()).toBe(1);
  wait(LIMITS.idleSeconds);

  expect(await sessions.findById(1)).toBeUndefined();
});

test("being asked for by its id keeps a session from going idle, which is written down once a minute", async () => {
  const { sessions, touches, wait } = house();
  await sessions.findById(1);
  expect(touches).toEqual([]);

  for (let minute = 0; minute < 2; minute += 1) {
    wait(60);
    await Promise.all(Array.from({ length: 5 }, () => sessions.findById(1)));
  }

  expect(touches).toEqual([secondsAfter(NOON, 60), secondsAfter(NOON, 120)]);
});

test("an ended session is not found by its id, whatever state its account is in", async () => {
  const ended = { ...SESSION, endedAt: NOON };
  for (const row of [ended, { ...ended, account: { ...DANA, state: "banned" as const } }]) {
    const { sessions, touches, wait } = house({ row });
    wait(60);

    expect(await sessions.findById(1)).toBeUndefined();
    expect(touches).toEqual([]);
  }
});

test("a change of the account is known at once to who asks by the id, also to reads that began before it", async () => {
  const { sessions, table, tellOfChange, holdNextRead } = house();
  const { begun, release } = holdNextRead();
  const early = sessions.findById(1);
  await begun;
  table.row = undefined;
  tellOfChange();

  release();

  expect(await early).toBeDefined();
  expect(await sessions.findById(1)).toBeUndefined();
});

test("what another process has ended is known by its id when the moment is over", async () => {
  const { sessions, table } = house({ cacheMs: 100 });
  await sessions.findById(1);
  table.row = undefined;

  await pause(120);

  expect(await sessions.findById(1)).toBeUndefined();
});

test("requests that come together by ids are looked up together, each session once", async () => {
  const { sessions, reads } = house({ cacheMs: 0 });

  const found = await Promise.all([1, 2, 3, 1].map(sessions.findById));

  expect(found.map((session) => session?.id)).toEqual([1, 1, 1, 1]);
  expect(reads()).toBe(1);
});

test("what another process has changed is known when the moment is over", async () => {
  const { sessions, table } = house({ cacheMs: 100 });
  await sessions.find(TOKEN);
  table.row = undefined;

  await pause(120);

  expect(sessions.peek(TOKEN)).toBeUndefined();
  expect(await sessions.find(TOKEN)).toBeUndefined();
});

test("requests that come together are looked up together, each session once", async () => {
  const { sessions, reads } = house({ cacheMs: 0 });
  const others = ["a", "b", "c"].map((letter) => letter.repeat(43));

  const found = await Promise.all([TOKEN, ...others, TOKEN].map(sessions.find));

  expect(found.map((session) => session?.id)).toEqual([1, 1, 1, 1, 1]);
  expect(reads()).toBe(1);
});

test("a request that comes after a ban is not answered by a look that began before it", async () => {
  const { sessions, table, holdNextRead } = house({ cacheMs: 0 });
  const { begun, release } = holdNextRead();
  const early = sessions.find(TOKEN);
  await begun;
  table.row = { ...SESSION, account: { ...DANA, state: "banned" } };

  const late = sessions.find(TOKEN);
  release();

  expect(await early).toMatchObject({ account: { state: "active" } });
  expect(await late).toMatchObject({ account: { state: "banned" } });
});

test("a look that takes too long is given up, and those after it are not kept waiting", async () => {
  const { sessions, holdNextRead } = house({ cacheMs: 0 });
  for (let stuck = 0; stuck < 2; stuck += 1) {
    const { begun } = holdNextRead();
    sessions.find(TOKEN).catch(() => undefined);
    await begun;
  }

  await expect(sessions.find(TOKEN)).rejects.toMatchObject({ reasons: [ErrorReason.UNAVAILABLE] });

  expect(await sessions.find(TOKEN)).toMatchObject({ id: 1 });
});
