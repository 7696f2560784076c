import { setTimeout as pause } from "node:timers/promises";
import * as argon2 from "@node-rs/argon2";
import * as bcrypt from "@node-rs/bcrypt";
import { expect, test } from "vitest";
import { withinCall } from "../../src/platform/deadline.js";
import { createPasswordHasher, HashingOverloaded } from "../../src/platform/password-hash.js";

const hasher = createPasswordHasher({ concurrency: 2, queueLimit: 100 });

test("a password fits its digest and no other password does", async () => {
  const digest = await hasher.hash("Tecohvi0");

  expect(digest).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(await hasher.verify(digest, "Tecohvi0")).toEqual({ matches: true, outdated: false });
  expect(await hasher.verify(digest, "Tecohvi1")).toEqual({ matches: false, outdated: false });
});

test("one password has a new digest each time", async () => {
  expect(await hasher.hash("Tecohvi0")).not.toBe(await hasher.hash("Tecohvi0"));
});

test("both Unicode forms of a password sign in", async () => {
  const digest = await hasher.hash("Crème1Brûlée".normalize("NFD"));

  expect((await hasher.verify(digest, "Crème1Brûlée".normalize("NFC"))).matches).toBe(true);
});

test("the last character of a long password matters", async () => {
  const digest = await hasher.hash(`${"x".repeat(127)}a`);

  expect((await hasher.verify(digest, `${"x".repeat(127)}b`)).matches).toBe(false);
});

test("a digest made by Ruby's bcrypt fits, and is to be renewed", async () => {
  const digest = "$2a$12$K0ByB.6YI2/OYrB4fQOYLe6Tv0datUVf6VZ/2Jzwm879BW5K1cHey";

  expect(await hasher.verify(digest, "my password")).toEqual({ matches: true, outdated: true });
  expect(await hasher.verify(digest, "my passwore")).toEqual({ matches: false, outdated: true });
});

test.each(["2a", "2b", "2y"] as const)("a bcrypt digest of version %s fits", async (version) => {
  const digest = await bcrypt.hash("Tecohvi0", { cost: 4, version });

  expect(await hasher.verify(digest, "Tecohvi0")).toEqual({ matches: true, outdated: true });
});

test("of a bcrypt password, the first 72 bytes count, as they did when it was hashed", async () => {
  const digest = await bcrypt.hash("é".repeat(36), { cost: 4, version: "2a" });

  expect((await hasher.verify(digest, `${"é".repeat(36)}more`)).matches).toBe(true);
  expect((await hasher.verify(digest, "é".repeat(35))).matches).toBe(false);
});

test.each(["NFC", "NFD"] as const)(
  "a bcrypt digest of the %s form fits whichever form is sent",
  async (form) => {
    const digest = await bcrypt.hash("Crème1Brûlée".normalize(form), { cost: 4, version: "2a" });

    expect((await hasher.verify(digest, "Crème1Brûlée".normalize("NFC"))).matches).toBe(true);
    expect((await hasher.verify(digest, "Crème1Brûlée".normalize("NFD"))).matches).toBe(true);
  },
);

test.each([
  ["less memory", { memoryCost: 4096, timeCost: 2, parallelism: 1 }],
  ["fewer passes", { memoryCost: 19_456, timeCost: 1, parallelism: 1 }],
  ["another kind of argon2", { memoryCost: 19_456, timeCost: 2, parallelism: 1, algorithm: 1 }],
])("a digest with %s is to be renewed", async (_, options) => {
  const digest = await argon2.hash("Tecohvi0", options);

  expect(await hasher.verify(digest, "Tecohvi0")).toEqual({ matches: true, outdated: true });
});

test.each(["", "Tecohvi0", "$1$abc$def", "$2a$"])("the digest %j fits no password", async (digest) => {
  expect((await hasher.verify(digest, "Tecohvi0")).matches).toBe(false);
});

test("more callers than may wait are turned away, and the waiting ones are served", async () => {
  const narrow = createPasswordHasher({ concurrency: 1, queueLimit: 2 });

  const results = await Promise.allSettled(Array.from({ length: 5 }, () => narrow.hash("Tecohvi0")));

  expect(results.map(({ status }) => status)).toEqual([
    "fulfilled",
    "fulfilled",
    "fulfilled",
    "rejected",
    "rejected",
  ]);
  expect(results.at(-1)).toMatchObject({ reason: expect.any(HashingOverloaded) });
  await expect(narrow.hash("Tecohvi0")).resolves.toBeTruthy();
});

test("a caller who goes away leaves the queue and frees its place", async () => {
  const narrow = createPasswordHasher({ concurrency: 1, queueLimit: 1 });
  const caller = new AbortController();
  const running = narrow.hash("first");

  const waiting = withinCall({ signal: caller.signal }, () => narrow.hash("second"));
  caller.abort(new Error("gone"));
  const next = narrow.hash("third");

  await expect(waiting).rejects.toThrow("gone");
  await expect(Promise.all([running, next])).resolves.toHaveLength(2);
});

test("a caller who is already gone is not served", async () => {
  const gone = { signal: AbortSignal.abort(new Error("gone")) };

  await expect(withinCall(gone, () => hasher.hash("Tecohvi0"))).rejects.toThrow("gone");
});

test("a failed verification gives its turn back", async () => {
  const narrow = createPasswordHasher({ concurrency: 1, queueLimit: 0 });

  await expect(narrow.verify("$argon2id$broken", "Tecohvi0")).rejects.toThrow();

  await expect(narrow.hash("Tecohvi0")).resolves.toBeTruthy();
});

test("an unknown account takes about as long as a known one", async () => {
  const digest = await hasher.hash("Tecohvi0");

  let known = Number.POSITIVE_INFINITY;
  let unknown = Number.POSITIVE_INFINITY;
  // The best of several rounds in turn: what else the machine does disturbs both alike.
  for (let round = 0; round < 10; round += 1) {
    known = Math.min(known, await durationOf(() => hasher.verify(digest, "wrong")));
    unknown = Math.min(unknown, await durationOf(() => hasher.verifyNothing("wrong")));
  }

  expect(unknown / known).toBeGreaterThan(0.7);
  expect(unknown / known).toBeLessThan(1.4);
});

test("the event loop goes on while passwords are hashed", async () => {
  let beats = 0;
  const heart = setInterval(() => {
    beats += 1;
  }, 1);

  await Promise.all(Array.from({ length: 6 }, () => hasher.hash("Tecohvi0")));
  await pause(0);
  clearInterval(heart);

  expect(beats).toBeGreaterThan(5);
});

async function durationOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
