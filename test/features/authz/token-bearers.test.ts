import { expect, test } from "vitest";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { createTokenBearers } from "../../../src/features/authz/token-bearers.js";
import type { TokenSource } from "../../../src/features/authz/token-stamp.js";

const ACCOUNT = {
  ...{ id: 1, uid: "ID30DD0DD986", email: "dana@example.com", role: "member", level: 3, otp: true },
  ...{ referralId: null, credentialsChangedAt: null },
  state: "active" as const,
};
const HASH = "a".repeat(64);

interface World {
  /** What the token was issued for; undefined for a token of another server. */
  readonly source?: TokenSource | undefined;
  /** The account that the API key belongs to, if there is one. */
  readonly keyOf?: number | null;
  /** The account that the session belongs to, if it holds. */
  readonly sessionOf?: number | null;
}

const KEY: TokenSource = { kind: "api key", id: 7 };
const SESSION: TokenSource = { kind: "session", id: 11 };

/** Bearers of a token for the key 7, unless it is for something else. */
function bearersOf({ keyOf = ACCOUNT.id, sessionOf = ACCOUNT.id, ...given }: World = {}) {
  const source = "source" in given ? given.source : KEY;
  const asked: unknown[] = [];
  const bearers = createTokenBearers({
    accounts: { byUid: async () => ACCOUNT },
    bearer: { verify: async () => ({ uid: ACCOUNT.uid, asOf: 0, source, expiresAt: 9 }) },
    sessions: {
      async findById(id) {
        asked.push(id);
        if (sessionOf === null) return undefined;
        return { id, account: { ...ACCOUNT, id: sessionOf }, asOf: new Date(0) };
      },
    },
    keyProof: {
      async ofToken(...what) {
        asked.push(what);
        if (keyOf === null) return undefined;
        const account = { ...ACCOUNT, id: keyOf };
        return { keyId: what[0], kid: "61d025b8573501c2", scope: ["trade"], account, asOf: new Date(0) };
      },
    },
  });
  const come = (headers: Record<string, string> = {}, authorization = "Bearer x") =>
    bearers.byToken(authorization, {
      ...{ verb: "GET", target: "/", ip: "203.0.113.7", isHarmless: true },
      header: new Headers(headers),
    });
  return { come, asked };
}

test("who bears a token of an API key has the words of the key, and is looked at from where he is", async () => {
  const { come, asked } = bearersOf();

  expect(await come()).toEqual({ kind: "api key", account: ACCOUNT, scope: ["trade"], keyId: 7 });
  expect(asked).toEqual([[7, "203.0.113.7"]]);
});

test("the bearer of a session's token is that session, and is asked about no key", async () => {
  const { come, asked } = bearersOf({ source: SESSION });

  expect(await come({ "x-auth-content-sha256": HASH })).toEqual({
    kind: "session",
    account: ACCOUNT,
    scope: [],
    sessionId: 11,
  });
  expect(asked).toEqual([11]);
});

test("a token of a session that has ended, or that is somebody else's, is none", async () => {
  for (const sessionOf of [null, 2])
    await expect(bearersOf({ source: SESSION, sessionOf }).come()).rejects.toMatchObject({
      reasons: [ErrorReason.BEARER_INVALID],
    });
});

test("the bearer of another server's token is asked about neither a session nor a key", async () => {
  const { come, asked } = bearersOf({ source: undefined });

  expect(await come()).toEqual({ kind: "session", account: ACCOUNT, scope: [] });
  expect(asked).toEqual([]);
});

test("a token of a key that is gone, or that is somebody else's, is none", async () => {
  for (const keyOf of [null, 2])
    await expect(bearersOf({ keyOf }).come()).rejects.toMatchObject({
      reasons: [ErrorReason.BEARER_INVALID],
    });
  for (const authorization of ["Basic x", "Bearer", "x", ""])
    await expect(bearersOf().come({}, authorization)).rejects.toMatchObject({
      reasons: [ErrorReason.BEARER_INVALID],
    });
});

test("the hash that comes with a token of a key binds the body, unless what is signed is the nonce alone", async () => {
  const { come } = bearersOf();
  const hash = { "x-auth-content-sha256": HASH };

  expect(await come(hash)).toMatchObject({ signedBody: HASH });
  expect(await come({ ...hash, "x-auth-signature": "v2=00" })).toMatchObject({ signedBody: HASH });
  // Whatever is no hash is no hash of the body either.
  expect(await come({ "x-auth-content-sha256": `${HASH}, ${HASH}` })).toMatchObject({
    signedBody: `${HASH}, ${HASH}`,
  });
  expect(await come({ ...hash, "x-auth-signature": "00" })).not.toHaveProperty("signedBody");
  expect(await come({ "x-auth-content-sha256": "" })).not.toHaveProperty("signedBody");
});
