import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { EmbeddedError } from "../../../src/database/embedded/embedded-error.js";
import { isUnavailable } from "../../../src/database/errors.js";
import { createNonceStore } from "../../../src/features/api-keys/nonce-store.js";
import { createUseStore } from "../../../src/features/api-keys/use-store.js";
import { secondsAfter } from "../../../src/platform/clock.js";
import { describeEachDatabase } from "../../support/databases.js";
import { freshNonce, signedByNonce, signedByRequest } from "../../support/signing.js";
import { openHouse, outcomeOf, signed, withHeaders } from "./house.js";

const SECRET_OF_NOBODY = "00000000000000000000000000000000";

describeEachDatabase("proofs of API keys", (kind) => {
  const house = openHouse(kind);
  const { now, someKey } = house;
  const nonce = (): string => freshNonce(now.moment);

  test("a signature over the whole request proves the key, and tells the hash of its body", async () => {
    const key = await someKey();
    const { proof } = house.process();
    const request = signed(key, { nonce: nonce() });

    const proved = await proof.prove(request);

    expect(proved).toEqual({
      keyId: expect.any(Number),
      kid: key.kid,
      scope: ["trade"],
      account: {
        ...{ id: key.accountId, uid: expect.stringMatching(/^ID[0-9A-F]{10}$/) },
        ...{ email: expect.stringMatching(/@example.com$/), role: "member", level: 0, otp: true },
        ...{ state: "active", referralId: null, credentialsChangedAt: now.moment },
      },
      asOf: now.moment,
      signedBody: request.bodyHash,
      useUp: expect.any(Function),
    });
  });

  test("a proof alone uses nothing up", async () => {
    const key = await someKey();
    const { proof, apiKeys } = house.process();
    const request = signed(key, { nonce: nonce() });

    const first = await proof.prove(request);
    const second = await proof.prove(request);
    await proof.settled();

    const { rows } = await apiKeys.list(key.accountId, { offset: 0, limit: 10 });
    expect(rows[0]?.lastUsedAt).toBeNull();
    await second.useUp();
    await expect(first.useUp()).rejects.toMatchObject({ reasons: [ErrorReason.NONCE_REUSED] });
  });

  test("a signature over the nonce proves the key any number of times, and tells nothing about the body", async () => {
    const key = await someKey();
    const { proof } = house.process();
    const headers = signedByNonce(key, { nonce: String(now.moment.getTime()) });

    for (const round of [1, 2]) {
      const proved = await proof.prove(withHeaders(headers));
      expect([round, proved.kid, proved.signedBody]).toEqual([round, key.kid, undefined]);
    }
    const withHash = await proof.prove(withHeaders({ ...headers, "x-auth-content-sha256": "any" }));
    expect(withHash).not.toHaveProperty("signedBody");
  });

  test("headers that are missing, blank or doubled are refused", async () => {
    const key = await someKey();
    const { proof } = house.process();
    const good = signedByRequest(key, { nonce: nonce() });
    const old = signedByNonce(key, { nonce: String(now.moment.getTime()) });
    const names = ["x-auth-apikey", "x-auth-nonce", "x-auth-signature", "x-auth-content-sha256"] as const;

    for (const name of names) {
      const value = good[name] ?? "";
      for (const spoilt of [undefined, "", " ", `${value}, ${value}`, `${value},`]) {
        const { [name]: _, ...others } = good;
        const headers = spoilt === undefined ? others : { ...others, [name]: spoilt };
        const refusal = await outcomeOf(proof.prove(withHeaders(headers)));
        expect([name, spoilt, refusal]).toEqual([name, spoilt, [ErrorReason.API_KEY_HEADERS_INVALID]]);
      }
    }
    for (const hash of ["e3b0", (good["x-auth-content-sha256"] ?? "").toUpperCase(), "g".repeat(64)]) {
      const refusal = await outcomeOf(proof.prove(withHeaders({ ...good, "x-auth-content-sha256": hash })));
      expect(refusal).toEqual([ErrorReason.API_KEY_HEADERS_INVALID]);
    }
    const { "x-auth-signature": _, ...unsigned } = old;
    expect(await outcomeOf(proof.prove(withHeaders(unsigned)))).toEqual([
      ErrorReason.API_KEY_HEADERS_INVALID,
    ]);
    expect(await outcomeOf(proof.prove(withHeaders({})))).toEqual([ErrorReason.API_KEY_HEADERS_INVALID]);
  });

  test("the database is not asked for what the headers alone refuse", async () => {
    const key = await someKey();
    let questions = 0;
    const find = async () => {
      questions += 1;
      return new Map();
    };
    const { proof } = house.process({ useStore: { find } });
    const at = (ms: number) => String(now.moment.getTime() + ms);

    const refusals = [
      withHeaders({}),
      signed(key, { nonce: "soon" }),
      signed(key, { nonce: at(-5001) }),
      signed(key, { nonce: at(5001) }),
      signed({ ...key, kid: "no kid" }, { nonce: at(0) }),
      signed({ ...key, kid: key.kid.toUpperCase() }, { nonce: at(0) }),
      signed({ ...key, kid: "x".repeat(60_000) }, { nonce: at(0) }),
    ].map((request) => outcomeOf(proof.prove(request)));

    expect(await Promise.all(refusals)).toEqual([
      [ErrorReason.API_KEY_HEADERS_INVALID],
      [ErrorReason.NONCE_INVALID],
      [ErrorReason.NONCE_EXPIRED],
      [ErrorReason.NONCE_EXPIRED],
      ...[1, 2, 3].map(() => [ErrorReason.API_KEY_UNKNOWN]),
    ]);
    expect(questions).toBe(0);
    expect(await outcomeOf(proof.prove(signed(key, { nonce: at(0) })))).toEqual([
      ErrorReason.API_KEY_UNKNOWN,
    ]);
    expect(questions).toBe(1);
  });

  test("what is changed of a signed request no longer has its signature", async () => {
    const key = await someKey();
    const other = await someKey();
    const { proof } = house.process();
    const request = signed(key, { nonce: nonce() });
    const later = nonce();

    for (const change of [
      { verb: "PUT" },
      { verb: "post" },
      { target: "/api/v2/peatio/market/orders" },
      { target: "/api/v2/peatio/market/orders?market=BTCUSD" },
      { target: "/api/v2/peatio//market/orders?market=btcusd" },
      { target: "/api/v2/peatio/market/orders?market=btc%75sd" },
      { bodyHash: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
      { nonce: later },
      { apikey: other.kid },
      { signature: `v2=${request.signature?.slice(3).toUpperCase()}` },
      { signature: (request.signature ?? "").slice(0, -1) },
      { signature: `${request.signature}0` },
      { signature: "v2=" },
      { signature: `v2=${"a".repeat(60_000)}` },
    ]) {
      const refusal = await outcomeOf(proof.prove({ ...request, ...change }));
      expect([change, refusal]).toEqual([change, [ErrorReason.SIGNATURE_INVALID]]);
    }
    expect(await outcomeOf(proof.prove(request))).toBe(key.kid);
  });

  test("signatures of the nonce alone are as strict", async () => {
    const key = await someKey();
    const { proof } = house.process();
    const at = now.moment.getTime();
    const request = withHeaders(signedByNonce(key, { nonce: String(at) }));

    for (const change of [
      { nonce: String(at + 1) },
      { signature: request.signature?.toUpperCase() ?? "" },
      { signature: (request.signature ?? "").slice(1) },
      { signature: `v1=${request.signature}` },
    ]) {
      const refusal = await outcomeOf(proof.prove({ ...request, ...change }));
      expect([change, refusal]).toEqual([change, [ErrorReason.SIGNATURE_INVALID]]);
    }
    // A nonce that is signed whole is not one of this scheme.
    expect(await outcomeOf(proof.prove({ ...request, nonce: `${at}-1` }))).toEqual([
      ErrorReason.NONCE_INVALID,
    ]);
    expect(await outcomeOf(proof.prove(request))).toBe(key.kid);
  });

  test("a scheme that is switched off proves nothing", async () => {
    const key = await someKey();
    const whole = signed(key, { nonce: nonce() });
    const alone = withHeaders(signedByNonce(key, { nonce: String(now.moment.getTime()) }));

    const strict = house.process({ schemes: ["request"] }).proof;
    const old = house.process({ schemes: ["nonce"] }).proof;

    expect(await outcomeOf(strict.prove(alone))).toEqual([ErrorReason.SIGNATURE_INVALID]);
    expect(await outcomeOf(old.prove(whole))).toEqual([ErrorReason.SIGNATURE_INVALID]);
    expect(await outcomeOf(strict.prove(whole))).toBe(key.kid);
    expect(await outcomeOf(old.prove(alone))).toBe(key.kid);
  });

  test("who signs in a way that is switched off is not taken for one who guesses", async () => {
    const key = await someKey();
    const { proof } = house.process({ schemes: ["request"] });
    const alone = withHeaders(signedByNonce(key, { nonce: String(now.moment.getTime()) }));

    for (let attempt = 0; attempt < 100; attempt += 1)
      expect(await outcomeOf(proof.prove(alone))).toEqual([ErrorReason.SIGNATURE_INVALID]);

    expect(await outcomeOf(proof.prove(signed(key, { nonce: nonce() })))).toBe(key.kid);
  });

  test("the key of a token is found by its number in any process, while it may be used", async () => {
    const key = await someKey({ allowedIps: ["203.0.113.0/24"] });
    const { proof, accounts, apiKeys } = house.process();
    const { keyId } = await proof.prove(signed(key, { nonce: nonce() }));
    const other = house.process({ cacheMs: 0 }).proof;
    const own = { userId: key.accountId, kid: key.kid };
    const refusal = (reason: ErrorReason) => ({ reasons: [reason] });

    for (const each of [proof, other])
      expect(await each.ofToken(keyId, "203.0.113.9")).toMatchObject({
        keyId,
        kid: key.kid,
        scope: ["trade"],
      });
    expect(await other.ofToken(0, "203.0.113.9")).toBeUndefined();
    expect(await other.ofToken(2 ** 32 - 1, "203.0.113.9")).toBeUndefined();
    await expect(proof.ofToken(keyId, "198.51.100.1")).rejects.toMatchObject(
      refusal(ErrorReason.API_KEY_IP_REFUSED),
    );
    await house.database().transaction((tx) => accounts.setOtp({ id: key.accountId }, false, tx));
    await expect(proof.ofToken(keyId, "203.0.113.9")).rejects.toMatchObject(
      refusal(ErrorReason.API_KEY_OTP_DISABLED),
    );
    await apiKeys.change(own, { state: "disabled" });
    await expect(proof.ofToken(keyId, "203.0.113.9")).rejects.toMatchObject(
      refusal(ErrorReason.API_KEY_NOT_ACTIVE),
    );
    await apiKeys.delete(own);
    for (const each of [proof, other]) expect(await each.ofToken(keyId, "203.0.113.9")).toBeUndefined();
  });

  test("without a window any nonce may be signed alone, and whole requests keep theirs", async () => {
    const key = await someKey();
    const { proof } = house.process({ nonceWindowMs: 0 });
    const seconds = String(Math.floor(now.moment.getTime() / 1000));
    const byNonce = (text: string) => proof.prove(withHeaders(signedByNonce(key, { nonce: text })));

    for (const text of [seconds, seconds, "1", "0", "-5", "abc", "x".repeat(8000)])
      expect(await outcomeOf(byNonce(text))).toBe(key.kid);
    const early = signed(key, { nonce: String(now.moment.getTime() - 5001) });
    expect(await outcomeOf(proof.prove(early))).toEqual([ErrorReason.NONCE_EXPIRED]);
    const inTime = signed(key, { nonce: String(now.moment.getTime() - 5000) });
    expect(await outcomeOf(proof.prove(inTime))).toBe(key.kid);
  });

  test("a key that may not be used is refused, first for itself and then for its owner", async () => {
    const key = await someKey({ allowedIps: ["198.51.100.0/24"], expiresAt: secondsAfter(now.moment, 60) });
    const { proof, accounts, apiKeys } = house.process();
    const own = { userId: key.accountId, kid: key.kid };
    const owner = { id: key.accountId };
    const attempt = (ip: string) => outcomeOf(proof.prove(signed(key, { nonce: nonce() }, { ip })));
    const here = "198.51.100.9";
    const elsewhere = "203.0.113.7";

    await house.database().transaction((tx) => accounts.setOtp(owner, false, tx));
    expect(await attempt(here)).toEqual([ErrorReason.API_KEY_OTP_DISABLED]);
    await house.database().transaction((tx) => accounts.setState(owner, "banned", tx));
    expect(await attempt(here)).toEqual([ErrorReason.SESSION_INVALID]);
    expect(await attempt(elsewhere)).toEqual([ErrorReason.API_KEY_IP_REFUSED]);
    now.moment = secondsAfter(now.moment, 60);
    expect(await attempt(elsewhere)).toEqual([ErrorReason.API_KEY_EXPIRED]);
    for (const state of ["inactive", "disabled"] as const) {
      await apiKeys.change(own, { state });
      expect(await attempt(elsewhere)).toEqual([ErrorReason.API_KEY_NOT_ACTIVE]);
    }

    await house.database().transaction((tx) => accounts.setState(owner, "active", tx));
    await house.database().transaction((tx) => accounts.setOtp(owner, true, tx));
    await apiKeys.change(own, { state: "active", expiresAt: secondsAfter(now.moment, 60), allowedIps: [] });
    expect(await attempt(elsewhere)).toBe(key.kid);
  });

  test("staff can be told of a key why it would be refused, without a signature", async () => {
    const key = await someKey({ expiresAt: secondsAfter(now.moment, 60) });
    const { proof, accounts } = house.process();

    expect(await proof.known(key.kid)).toEqual({
      ...{ kid: key.kid, scope: ["trade"] },
      account: expect.objectContaining({ id: key.accountId, otp: true }),
    });
    await house.database().transaction((tx) => accounts.setOtp({ id: key.accountId }, false, tx));
    expect(await proof.known(key.kid)).toMatchObject({ refusal: ErrorReason.API_KEY_OTP_DISABLED });
    now.moment = secondsAfter(now.moment, 60);
    expect(await proof.known(key.kid)).toMatchObject({ refusal: ErrorReason.API_KEY_EXPIRED });
    expect(await proof.known("0011223344556677")).toBeUndefined();
    expect(await proof.known("' OR 1=1")).toBeUndefined();
  });

  test("of fifty equal requests at once exactly one is accepted, and none afterwards", async () => {
    const key = await someKey();
    const { proof } = house.process();
    const request = signed(key, { nonce: nonce() });

    const outcomes = await Promise.all(Array.from({ length: 50 }, () => outcomeOf(proof.prove(request))));

    expect(outcomes.filter((outcome) => outcome === key.kid)).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome !== key.kid)).toEqual(
      Array.from({ length: 49 }, () => [ErrorReason.NONCE_REUSED]),
    );
    expect(await outcomeOf(proof.prove(request))).toEqual([ErrorReason.NONCE_REUSED]);
  });

  test("of equal requests to two processes exactly one is accepted, whichever it is", async () => {
    const key = await someKey();
    const processes = [house.process().proof, house.process().proof];
    const rounds = Array.from({ length: 20 }, () => signed(key, { nonce: nonce() }));

    const outcomes = await Promise.all(
      rounds.map((request) =>
        Promise.all([...processes, ...processes].map((proof) => outcomeOf(proof.prove(request)))),
      ),
    );

    for (const ofOne of outcomes) {
      expect(ofOne.filter((outcome) => outcome === key.kid)).toHaveLength(1);
      expect(ofOne).toContainEqual([ErrorReason.NONCE_REUSED]);
    }
    const third = house.process().proof;
    for (const request of rounds)
      expect(await outcomeOf(third.prove(request))).toEqual([ErrorReason.NONCE_REUSED]);
  });

  test("requests of one millisecond differ by what follows the time, and each key has its own", async () => {
    const [key, other] = [await someKey(), await someKey()];
    const { proof } = house.process();
    const at = String(now.moment.getTime());

    for (const text of [at, `${at}-1`, `${at}-${"_".repeat(64)}`]) {
      expect(await outcomeOf(proof.prove(signed(key, { nonce: text })))).toBe(key.kid);
      expect(await outcomeOf(proof.prove(signed(other, { nonce: text })))).toBe(other.kid);
      expect(await outcomeOf(proof.prove(signed(key, { nonce: text })))).toEqual([ErrorReason.NONCE_REUSED]);
    }
  });

  test("a refused request uses nothing up", async () => {
    const key = await someKey({ allowedIps: ["198.51.100.7"] });
    const { proof } = house.process();
    const request = signed(key, { nonce: nonce() });

    expect(await outcomeOf(proof.prove(request))).toEqual([ErrorReason.API_KEY_IP_REFUSED]);
    expect(await outcomeOf(proof.prove({ ...request, verb: "GET" }))).toEqual([
      ErrorReason.SIGNATURE_INVALID,
    ]);
    expect(await outcomeOf(proof.prove({ ...request, ip: "198.51.100.7" }))).toBe(key.kid);
  });

  test("a used nonce is known until its time is over by far", async () => {
    const key = await someKey();
    const { proof } = house.process();
    const request = signed(key, { nonce: nonce() });
    expect(await outcomeOf(proof.prove(request))).toBe(key.kid);

    now.moment = secondsAfter(now.moment, 5);
    while ((await proof.prune(1000)) > 0);
    expect(await outcomeOf(house.process().proof.prove(request))).toEqual([ErrorReason.NONCE_REUSED]);

    now.moment = secondsAfter(now.moment, 3600);
    expect(await outcomeOf(house.process().proof.prove(request))).toEqual([ErrorReason.NONCE_EXPIRED]);
    expect(await proof.prune(1)).toBe(1);
    while ((await proof.prune(1000)) === 1000);
    expect(await house.database().read("SELECT digest FROM used_nonces", [])).toEqual([]);
  });

  test("calls that arrive together share statements", async () => {
    const key = await someKey();
    const store = createNonceStore(house.database());
    const statements: number[] = [];
    const insert: typeof store.insert = (claims) => {
      statements.push(claims.length);
      return store.insert(claims);
    };
    const { proof } = house.process({ nonceStore: { insert } });

    const requests = Array.from({ length: 500 }, () => signed(key, { nonce: nonce() }));
    const outcomes = await Promise.all(requests.map((request) => outcomeOf(proof.prove(request))));

    expect(new Set(outcomes)).toEqual(new Set([key.kid]));
    expect(statements.reduce((sum, rows) => sum + rows, 0)).toBe(500);
    expect(statements.length).toBeLessThan(10);
    expect(Math.max(...statements)).toBeLessThanOrEqual(200);
  });

  test("when nonces cannot be stored nobody is let in, and the same request is good afterwards", async () => {
    const key = await someKey();
    const store = createNonceStore(house.database());
    const fault = new EmbeddedError("the disk is full", "SQLITE_FULL");
    let isDown = true;
    const { proof } = house.process({
      nonceStore: { insert: (claims) => (isDown ? Promise.reject(fault) : store.insert(claims)) },
    });
    const requests = Array.from({ length: 3 }, () => signed(key, { nonce: nonce() }));
    const attempts = () => Promise.all(requests.map((request) => outcomeOf(proof.prove(request))));

    expect(await attempts()).toEqual([fault, fault, fault]);
    expect(isUnavailable(fault)).toBe(true);
    isDown = false;

    expect(await attempts()).toEqual([key.kid, key.kid, key.kid]);
    expect(await attempts()).toEqual(requests.map(() => [ErrorReason.NONCE_REUSED]));
  });

  test("a conflict between processes is tried again, and counts what the first try has stored", async () => {
    const key = await someKey();
    const store = createNonceStore(house.database());
    let tries = 0;
    const insert: typeof store.insert = async (claims) => {
      tries += 1;
      const first = await store.insert(claims);
      if (tries < 3) throw new EmbeddedError("the answer was lost", "SQLITE_BUSY");
      return first;
    };
    const { proof } = house.process({ nonceStore: { insert } });
    const request = signed(key, { nonce: nonce() });

    expect(await outcomeOf(proof.prove(request))).toBe(key.kid);
    expect(tries).toBe(3);
    expect(await outcomeOf(house.process().proof.prove(request))).toEqual([ErrorReason.NONCE_REUSED]);
  });

  test("a key is read once while it is fresh, and anew as soon as it or its owner changes here", async () => {
    const key = await someKey();
    const store = createUseStore(house.database());
    let reads = 0;
    const find: typeof store.find = (...what) => {
      reads += 1;
      return store.find(...what);
    };
    const { proof, accounts, apiKeys } = house.process({ useStore: { find }, cacheMs: 60_000 });
    const own = { userId: key.accountId, kid: key.kid };
    const attempt = () => outcomeOf(proof.prove(signed(key, { nonce: nonce() })));

    for (let round = 0; round < 3; round += 1) expect(await attempt()).toBe(key.kid);
    expect(reads).toBe(1);
    await apiKeys.change(own, { state: "inactive" });
    expect(await attempt()).toEqual([ErrorReason.API_KEY_NOT_ACTIVE]);
    await apiKeys.change(own, { state: "active" });
    expect(await attempt()).toBe(key.kid);
    const owner = { id: key.accountId };
    await house.database().transaction((tx) => accounts.setState(owner, "locked", tx));
    expect(await attempt()).toEqual([ErrorReason.SESSION_INVALID]);
    await house.database().transaction((tx) => accounts.setState(owner, "active", tx));
    expect(await attempt()).toBe(key.kid);
    await apiKeys.delete(own);
    expect(await attempt()).toEqual([ErrorReason.API_KEY_UNKNOWN]);
    expect(reads).toBe(6);
  });

  test("a change is not undone by somebody who reads while it is made", async () => {
    const key = await someKey();
    const { proof, accounts } = house.process({ cacheMs: 60_000 });
    const attempt = () => outcomeOf(proof.prove(signed(key, { nonce: nonce() })));

    await house.database().transaction(async (tx) => {
      await accounts.setState({ id: key.accountId }, "banned", tx);
      // Reads what was committed before, and keeps it; asked as if it did not belong to the transaction.
      await proof.known(key.kid);
    });

    expect(await attempt()).toEqual([ErrorReason.SESSION_INVALID]);
  });

  test("what another process changes is seen when the moment is over", async () => {
    const key = await someKey();
    const { proof } = house.process({ cacheMs: 100 });
    const elsewhere = house.process();
    const attempt = () => outcomeOf(proof.prove(signed(key, { nonce: nonce() })));
    expect(await attempt()).toBe(key.kid);

    await elsewhere.apiKeys.change({ userId: key.accountId, kid: key.kid }, { state: "disabled" });
    await sleep(110);

    expect(await attempt()).toEqual([ErrorReason.API_KEY_NOT_ACTIVE]);
  });

  test("when a key was last used is recorded once a minute", async () => {
    const key = await someKey();
    const process = house.process();
    const use = async () => {
      expect(await outcomeOf(process.proof.prove(signed(key, { nonce: nonce() })))).toBe(key.kid);
      await process.proof.settled();
    };
    const lastUse = async () => {
      const { rows } = await process.apiKeys.list(key.accountId, { offset: 0, limit: 10 });
      return rows[0]?.lastUsedAt;
    };
    const refused = signed({ ...key, secret: SECRET_OF_NOBODY }, { nonce: nonce() });
    await outcomeOf(process.proof.prove(refused));
    expect(await lastUse()).toBeNull();

    const first = now.moment;
    await use();
    expect(await lastUse()).toEqual(first);
    now.moment = secondsAfter(first, 59);
    await use();
    expect(await lastUse()).toEqual(first);
    now.moment = secondsAfter(first, 60);
    await use();
    expect(await lastUse()).toEqual(now.moment);
    // Another process knows from the row.
    now.moment = secondsAfter(now.moment, 30);
    const other = house.process().proof;
    expect(await outcomeOf(other.prove(signed(key, { nonce: nonce() })))).toBe(key.kid);
    await other.settled();
    expect(await lastUse()).toEqual(secondsAfter(first, 60));
  });

  test("a use that cannot be recorded is none the worse, and the next one is", async () => {
    const key = await someKey();
    const store = createUseStore(house.database());
    let tries = 0;
    const markUsed: typeof store.markUsed = async (...what) => {
      tries += 1;
      if (tries === 1) throw new EmbeddedError("the disk is full", "SQLITE_FULL");
      return store.markUsed(...what);
    };
    const { proof, apiKeys } = house.process({ useStore: { markUsed } });

    for (let round = 0; round < 2; round += 1) {
      expect(await outcomeOf(proof.prove(signed(key, { nonce: nonce() })))).toBe(key.kid);
      await proof.settled();
    }

    expect(tries).toBe(2);
    const { rows } = await apiKeys.list(key.accountId, { offset: 0, limit: 10 });
    expect(rows[0]?.lastUsedAt).toEqual(now.moment);
  });

  test("who keeps sending wrong signatures is held up for a minute, and nobody else", async () => {
    const [key, other] = [await someKey(), await someKey()];
    const wrong = { ...key, secret: SECRET_OF_NOBODY };
    let reads = 0;
    const store = createUseStore(house.database());
    const find: typeof store.find = (...what) => {
      reads += 1;
      return store.find(...what);
    };
    const { proof } = house.process({ useStore: { find }, cacheMs: 0 });
    const attempt = (by: typeof key, ip: string) =>
      outcomeOf(proof.prove(signed(by, { nonce: nonce() }, { ip })));
    const guesser = "2001:db8:0:7::1";
    for (let guess = 0; guess < 100; guess += 1)
      expect(await attempt(wrong, guesser)).toEqual([ErrorReason.SIGNATURE_INVALID]);
    reads = 0;

    // Another address of the same network is no other guesser.
    for (const ip of [guesser, "2001:db8:0:7::2"]) {
      const refusal = proof.prove(signed(key, { nonce: nonce() }, { ip }));
      await expect(refusal).rejects.toMatchObject({
        reasons: [ErrorReason.TOO_MANY_REQUESTS],
        retryAfterSeconds: 60,
      });
    }
    expect(reads).toBe(0);
    expect(await attempt(key, "2001:db8:0:8::1")).toBe(key.kid);
    expect(await attempt(other, guesser)).toBe(other.kid);
    now.moment = secondsAfter(now.moment, 60);
    expect(await attempt(key, guesser)).toBe(key.kid);
  });

  test("guesses at a name that no key has are held up alike, and not where limits are off", async () => {
    const stranger = { kid: "0123456789abcdef", secret: SECRET_OF_NOBODY };
    const limited = house.process().proof;
    const free = house.process({ limitGuesses: false }).proof;
    const attempt = (proof: typeof free) => outcomeOf(proof.prove(signed(stranger, { nonce: nonce() })));

    for (let guess = 0; guess < 100; guess += 1) {
      expect(await attempt(limited)).toEqual([ErrorReason.API_KEY_UNKNOWN]);
      expect(await attempt(free)).toEqual([ErrorReason.API_KEY_UNKNOWN]);
    }

    expect(await attempt(limited)).toEqual([ErrorReason.TOO_MANY_REQUESTS]);
    expect(await attempt(free)).toEqual([ErrorReason.API_KEY_UNKNOWN]);
  });
});
