import { expect, test } from "vitest";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { createTokenBearers } from "../../../src/features/authz/token-bearers.js";

const ACCOUNT = {
  ...{ id: 1, uid: "ID30DD0DD986", email: "dana@example.com", role: "member", level: 3, otp: true },
  ...{ referralId: null, credentialsChangedAt: null },
  state: "active" as const,
};
const HASH = "a".repeat(64);

/** Bearers of a token for the key 7, which belongs to the account `keyOf` if there is one. */
function bearersOf({ keyId = 7, keyOf = ACCOUNT.id }: { keyId?: number | null; keyOf?: number | null } = {}) {
  const asked: unknown[] = [];
  const bearers = createTokenBearers({
    accounts: { byUid: async () => ACCOUNT },
    bearer: { verify: async () => ({ uid: ACCOUNT.uid, asOf: 0, keyId: keyId ?? undefined, expiresAt: 9 }) },
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

test("who bears a token of a session is asked about no key", async () => {
  const { come, asked } = bearersOf({ keyId: null });

  expect(await come({ "x-auth-content-sha256": HASH })).toEqual({
    kind: "session",
    account: ACCOUNT,
    scope: [],
  });
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
