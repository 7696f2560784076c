import { expect, test } from "vitest";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { createUseStore } from "../../../src/features/api-keys/use-store.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { describeEachDatabase } from "../../support/databases.js";
import { freshNonce, type SigningKey } from "../../support/signing.js";
import { openHouse, outcomeOf, type ProcessOptions, signed } from "./house.js";

const SECRET_OF_NOBODY = "00000000000000000000000000000000";
const UNKNOWN = [ErrorReason.API_KEY_UNKNOWN];
const TOO_MANY = [ErrorReason.TOO_MANY_REQUESTS];
const HERE = "203.0.113.7";
const ELSEWHERE = "203.0.113.8";

describeEachDatabase("names that no API key has", (kind) => {
  const house = openHouse(kind);
  const { now, someKey } = house;

  let made = 0;
  const strangers = (count: number): SigningKey[] =>
    Array.from({ length: count }, () => {
      made += 1;
      return { kid: made.toString(16).padStart(16, "0"), secret: SECRET_OF_NOBODY };
    });

  /** One of the server's processes, which counts the names that it has the database search for, and may fail to. */
  function watched(options: ProcessOptions = {}) {
    const seen = { names: 0, isDown: false };
    const store = createUseStore(house.database());
    const find: typeof store.find = (kids, ...more) => {
      seen.names += kids.length;
      return seen.isDown ? Promise.reject(new Error("the database is down")) : store.find(kids, ...more);
    };
    const { proof, apiKeys } = house.process({ cacheMs: 0, useStore: { find }, ...options });
    const prove = (key: SigningKey, ip = HERE) =>
      proof.prove(signed(key, { nonce: freshNonce(now.moment) }, { ip }));
    const attempt = (key: SigningKey, ip = HERE) => outcomeOf(prove(key, ip));
    const attempts = (keys: readonly SigningKey[]) => Promise.all(keys.map((key) => attempt(key)));
    return { seen, apiKeys, prove, attempt, attempts };
  }

  test("are looked up 300 times a minute for a network, however many come at once", async () => {
    const { seen, prove, attempts } = watched();

    const outcomes = await attempts(strangers(400));

    expect(outcomes.filter((outcome) => String(outcome) === String(UNKNOWN))).toHaveLength(300);
    expect(outcomes.filter((outcome) => String(outcome) === String(TOO_MANY))).toHaveLength(100);
    expect(seen.names).toBe(300);
    for (const stranger of strangers(1)) {
      await expect(prove(stranger)).rejects.toMatchObject({ reasons: TOO_MANY, retryAfterSeconds: 60 });
    }
    expect(seen.names).toBe(300);
  });

  test("hold up no key that was seen before, nor one of another network, nor a new one for more than a minute", async () => {
    const [cached, familiar, fresh] = [await someKey(), await someKey(), await someKey()];
    const remembering = watched({ cacheMs: 750 });
    const { attempt, attempts } = watched();
    expect(await attempt(familiar, ELSEWHERE)).toBe(familiar.kid);
    expect(await remembering.attempt(cached)).toBe(cached.kid);
    for (const process of [remembering, { attempts }]) await process.attempts(strangers(300));

    expect(await remembering.attempt(cached)).toBe(cached.kid);
    expect(await attempt(familiar)).toBe(familiar.kid);
    expect(await attempt(fresh)).toEqual(TOO_MANY);
    expect(await attempt(fresh, ELSEWHERE)).toBe(fresh.kid);
    // Elsewhere it has been seen, and by that it is known here.
    expect(await attempt(fresh)).toBe(fresh.kid);
    const [late] = [await someKey()];
    now.moment = secondsAfter(now.moment, 59);
    expect(await attempt(late)).toEqual(TOO_MANY);
    now.moment = secondsAfter(now.moment, 1);
    expect(await attempt(late)).toBe(late.kid);
    expect(await attempts(strangers(1))).toEqual([UNKNOWN]);
  });

  test("do not count while they are keys, also when those come at once", async () => {
    const { attempt, attempts } = watched();
    const keys = await Promise.all(Array.from({ length: 20 }, () => someKey()));
    const requests = Array.from({ length: 25 }, () => keys).flat();

    expect(await attempts(requests)).toEqual(requests.map(({ kid }) => kid));

    expect(await attempts(strangers(300))).toEqual(Array(300).fill(UNKNOWN));
    expect(await attempt(await someKey())).toEqual(TOO_MANY);
  });

  test("count once in ten seconds when somebody goes on with a key that was deleted", async () => {
    const key = await someKey();
    const { seen, apiKeys, attempt, attempts } = watched();
    expect(await attempt(key)).toBe(key.kid);
    const { rows } = await apiKeys.list(key.accountId, { offset: 0, limit: 1 });
    for (const row of rows) await apiKeys.delete(row);
    seen.names = 0;

    for (let round = 0; round < 3; round += 1) {
      for (let use = 0; use < 30; use += 1) expect(await attempt(key)).toEqual(UNKNOWN);
      now.moment = secondsAfter(now.moment, 10);
    }

    // Once more at first, as it was a key's name.
    expect(seen.names).toBe(4);
    expect(await attempts(strangers(298))).toEqual([...Array(297).fill(UNKNOWN), TOO_MANY]);
  });

  test("do not count while nobody can look them up", async () => {
    const key = await someKey();
    const { seen, attempt, attempts } = watched();
    seen.isDown = true;
    const outcomes = await attempts(strangers(350));
    expect(new Set(outcomes.map(String))).toEqual(new Set(["Error: the database is down", String(TOO_MANY)]));
    seen.isDown = false;

    expect(await attempt(key)).toBe(key.kid);
  });

  test("are not counted where limits are off", async () => {
    const { attempts } = watched({ limitGuesses: false });

    expect(await attempts(strangers(400))).toEqual(Array(400).fill(UNKNOWN));
  });
});
