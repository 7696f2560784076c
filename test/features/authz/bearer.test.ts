import { createHmac, sign } from "node:crypto";
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  type JWTHeaderParameters,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from "jose";
import { describe, expect, test } from "vitest";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Holder } from "../../../src/features/accounts/accounts.js";
import { generateSigningKey, readSigningKey, type SigningKey } from "../../../src/platform/signing-key.js";
import { A_SESSION, aHolder, bearerWith, NOON, PEM } from "./keys.js";

const NOW = NOON.getTime() / 1000;
const RSA = readSigningKey(PEM.RS256);
const OTHER_RSA = readSigningKey(generateSigningKey("RS256"));
const ED = readSigningKey(PEM.EdDSA);

const refused = expect.objectContaining({ reasons: [ErrorReason.BEARER_INVALID] });
const kidOf = (token: string): string | undefined => decodeProtectedHeader(token).kid;
const inBase64 = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");

/** The claims of a good token at noon. */
const GOOD: JWTPayload = {
  iat: NOW,
  exp: NOW + 900,
  sub: "session",
  iss: "barong",
  aud: ["peatio", "barong"],
  jti: "0123456789abcdef0123",
  uid: "ID0123456789",
};

/** A token of any claims and header, signed by one of our keys unless another is given. */
const forge = (
  claims: JWTPayload,
  header: { readonly [Name in keyof JWTHeaderParameters]?: JWTHeaderParameters[Name] | undefined } = {},
  { privateKey, algorithm, kid }: SigningKey = RSA,
): Promise<string> =>
  new SignJWT(claims)
    .setProtectedHeader({ kid, ...header, alg: header.alg ?? algorithm } as JWTHeaderParameters)
    .sign(privateKey);

const without = (name: keyof typeof GOOD): JWTPayload =>
  Object.fromEntries(Object.entries(GOOD).filter(([claim]) => claim !== name));

/** Signed with HMAC, as if a text that everybody knows were the secret. */
function signedByHmac(secret: string, algorithm: "HS256" | "RS256"): string {
  const signed = `${inBase64({ alg: algorithm, kid: RSA.kid })}.${inBase64(GOOD)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

const publicPem = RSA.publicKey.export({ type: "spki", format: "pem" }).toString();

describe("a minted token", () => {
  test.each(["RS256", "ES256", "EdDSA"] as const)(
    "of %s says what the account is, and verifies by the published keys",
    async (algorithm) => {
      const { bearer } = bearerWith(PEM[algorithm]);

      const token = await bearer.mint(A_SESSION, aHolder({ referralId: 7 }));

      const set = createLocalJWKSet({ keys: [...bearer.publicKeys()] } as JSONWebKeySet);
      const { payload, protectedHeader } = await jwtVerify(token, set, { currentDate: NOON });
      expect(protectedHeader).toEqual({ alg: algorithm, kid: bearer.publicKeys()[0]?.kid });
      expect(payload).toEqual({
        iat: NOW,
        exp: NOW + 900,
        sub: "session",
        iss: "barong",
        aud: ["peatio", "barong"],
        jti: expect.stringMatching(/^[0-9a-f]{20}$/),
        uid: "ID0123456789",
        email: "dana@example.com",
        role: "member",
        level: 3,
        state: "active",
        referral_id: 7,
      });
      expect(await bearer.verify(token)).toMatchObject({
        uid: "ID0123456789",
        asOf: NOW * 1000,
        source: A_SESSION,
        expiresAt: NOW + 900,
      });
    },
  );

  test("is used again by its holder alone until half of its life is gone, and then without a wait", async () => {
    const { bearer, moveTo } = bearerWith(PEM.EdDSA);
    const token = await bearer.mint(A_SESSION, aHolder());

    moveTo(449);
    expect(bearer.mint(A_SESSION, aHolder())).toBe(token);
    expect(await bearer.mint({ kind: "api key", id: 1 }, aHolder())).not.toBe(token);
    expect(await bearer.mint({ kind: "session", id: 2 }, aHolder())).not.toBe(token);
    moveTo(450);
    const next = await bearer.mint(A_SESSION, aHolder());
    expect(next).not.toBe(token);
    expect(bearer.mint(A_SESSION, aHolder())).toBe(next);
  });

  test("is signed once for requests that come together", async () => {
    const { bearer } = bearerWith(PEM.EdDSA);

    const tokens = await Promise.all(Array.from({ length: 20 }, () => bearer.mint(A_SESSION, aHolder())));

    expect(new Set(tokens).size).toBe(1);
  });

  test.each<[string, Partial<Holder>]>([
    ["uid", { uid: "ID9999999999" }],
    ["email", { email: "eve@example.com" }],
    ["role", { role: "admin" }],
    ["level", { level: 4 }],
    ["state", { state: "banned" }],
    ["referral", { referralId: 1 }],
    ["credentials", { credentialsChangedAt: NOON }],
  ])("is replaced when the account's %s is another", async (_name, different) => {
    const { bearer } = bearerWith(PEM.EdDSA);
    const before = await bearer.mint(A_SESSION, aHolder());

    const after = await bearer.mint(A_SESSION, aHolder(different));

    expect(after).not.toBe(before);
    expect(bearer.mint(A_SESSION, aHolder(different))).toBe(after);
  });

  test("from before a change that a faster clock has dated is replaced as soon as our clock is there", async () => {
    const { bearer, moveTo } = bearerWith(PEM.EdDSA);
    const changed = aHolder({ credentialsChangedAt: new Date(NOON.getTime() + 2000) });
    const early = await bearer.mint(A_SESSION, changed);

    moveTo(1);
    expect(bearer.mint(A_SESSION, changed)).toBe(early);
    moveTo(2);
    expect(decodeJwt(await bearer.mint(A_SESSION, changed)).iat).toBe(NOW + 2);
  });

  test("is never from the future, also when the clock is set back", async () => {
    const { bearer, moveTo } = bearerWith(PEM.EdDSA);
    moveTo(60);
    const token = await bearer.mint(A_SESSION, aHolder());
    await bearer.verify(token);

    moveTo(-60);

    expect(decodeJwt(await bearer.mint(A_SESSION, aHolder())).iat).toBe(NOW - 60);
    await expect(bearer.verify(token)).rejects.toEqual(refused);
  });
});

describe("a token is refused", () => {
  test.each<[string, () => string | Promise<string>]>([
    ["that is no token", () => "x"],
    ["of two parts", () => `${inBase64({ alg: "RS256", kid: RSA.kid })}.${inBase64(GOOD)}`],
    ["of alg none", () => `${inBase64({ alg: "none", kid: RSA.kid })}.${inBase64(GOOD)}.`],
    ["of alg None", () => `${inBase64({ alg: "None" })}.${inBase64(GOOD)}.`],
    ["signed with the public key as the secret of HS256", () => signedByHmac(publicPem, "HS256")],
    ["... that says RS256", () => signedByHmac(publicPem, "RS256")],
    ["signed with the published key as the secret", () => signedByHmac(JSON.stringify(RSA.jwk), "HS256")],
    ["of another algorithm of the same key", () => forge(GOOD, { alg: "PS256" })],
    ["... with a longer hash", () => forge(GOOD, { alg: "RS512" })],
    ["of another key that bears the name of ours", () => forge(GOOD, { kid: RSA.kid }, OTHER_RSA)],
    ["of another key", () => forge(GOOD, {}, OTHER_RSA)],
    ["of another key without a name", () => forge(GOOD, { kid: undefined }, OTHER_RSA)],
    ["of ours under the name of another", () => forge(GOOD, { kid: OTHER_RSA.kid })],
    ["of an empty name", () => forge(GOOD, { kid: "" })],
    ["of a name that is no text", () => forge(GOOD, { kid: [RSA.kid] as unknown as string })],
    ["of a name that objects have", () => forge(GOOD, { kid: "__proto__" })],
    [
      "that brings its key",
      async () => forge(GOOD, { jwk: await exportJWK(OTHER_RSA.publicKey) }, OTHER_RSA),
    ],
    ["... under the name of ours", () => forge(GOOD, { jwk: OTHER_RSA.jwk, kid: RSA.kid }, OTHER_RSA)],
    ["that tells where its key is", () => forge(GOOD, { jku: "https://evil.example/jwks.json" }, OTHER_RSA)],
    [
      "that tells where its certificate is",
      () => forge(GOOD, { x5u: "https://evil.example/x.pem" }, OTHER_RSA),
    ],
    ["that brings its certificate", () => forge(GOOD, { x5c: ["AAAA"] }, OTHER_RSA)],
    ["with an extension that must be understood", () => withCrit({ crit: ["exp"] })],
    ["with one that is", () => withCrit({ crit: ["b64"], b64: true })],
    ["of another subject", () => forge({ ...GOOD, sub: "confirmation" })],
    ["without a subject", () => forge(without("sub"))],
    ["of another issuer", () => forge({ ...GOOD, iss: "peatio" })],
    ["without an issuer", () => forge(without("iss"))],
    ["for another audience", () => forge({ ...GOOD, aud: ["applogic"] })],
    ["for no audience", () => forge(without("aud"))],
    ["from the future", () => forge({ ...GOOD, iat: NOW + 1 })],
    ["without its time", () => forge(without("iat"))],
    ["whose time is a text", () => forge({ ...GOOD, iat: String(NOW) as unknown as number })],
    ["that has expired", () => forge({ ...GOOD, exp: NOW })],
    ["that never expires", () => forge(without("exp"))],
    ["whose end is a text", () => forge({ ...GOOD, exp: String(NOW + 900) as unknown as number })],
    ["that is not good yet", () => forge({ ...GOOD, nbf: NOW + 1 })],
    ["without an id", () => forge(without("jti"))],
    ["of a blank id", () => forge({ ...GOOD, jti: " " })],
    ["of ours whose id is not of our form", () => forge({ ...GOOD, jti: "0123456789ABCDEF0123" })],
    ["of ours whose id is longer", () => forge({ ...GOOD, jti: `${GOOD.jti}0` })],
    ["whose id is a number", () => forge({ ...GOOD, jti: 7 as unknown as string })],
    ["without an account", () => forge(without("uid"))],
    ["of a blank account", () => forge({ ...GOOD, uid: "" })],
    ["of an account that is no text", () => forge({ ...GOOD, uid: { $ne: "" } })],
    [
      "whose claims were changed",
      async () => changedBy(await forge(GOOD), 1, inBase64({ ...GOOD, uid: "IDEVIL" })),
    ],
    ["whose signature is gone", async () => changedBy(await forge(GOOD), 2, "")],
    ["whose signature is short", async () => (await forge(GOOD)).slice(0, -8)],
  ])("%s", async (_name, forged) => {
    const { bearer } = bearerWith(PEM.RS256);
    const token = await forged();

    await expect(bearer.verify(token)).rejects.toEqual(refused);
    // Not by what it remembers, either.
    await expect(bearer.verify(token)).rejects.toEqual(refused);
  });

  test("whereas the one that they are made of is good", async () => {
    const { bearer } = bearerWith(PEM.RS256);

    expect(await bearer.verify(await forge(GOOD))).toMatchObject({ uid: GOOD.uid });
    expect(await bearer.verify(await forge(GOOD, { jku: "https://evil.example" }))).toMatchObject({
      uid: GOOD.uid,
    });
  });

  test("that names a key of ours and is signed by it with the algorithm of another", async () => {
    const { bearer } = bearerWith(PEM.EdDSA + PEM.RS256);
    const { privateKey } = await generateKeyPair("ES256");

    await expect(bearer.verify(await forge(GOOD, { kid: ED.kid }))).rejects.toEqual(refused);
    const es256 = new SignJWT(GOOD).setProtectedHeader({ alg: "ES256", kid: RSA.kid });
    await expect(bearer.verify(await es256.sign(privateKey))).rejects.toEqual(refused);
  });

  test("when more than the leeway is between the clocks, and accepted within it", async () => {
    const { bearer } = bearerWith(PEM.RS256, { leewaySeconds: 30 });

    for (const claims of [{ iat: NOW + 30 }, { nbf: NOW + 30 }, { exp: NOW - 29 }]) {
      expect(await bearer.verify(await forge({ ...GOOD, ...claims }))).toMatchObject({ uid: GOOD.uid });
    }
    for (const claims of [{ iat: NOW + 31 }, { nbf: NOW + 31 }, { exp: NOW - 30 }]) {
      await expect(bearer.verify(await forge({ ...GOOD, ...claims }))).rejects.toEqual(refused);
    }
  });

  test("the second after it has expired, though it was good a second before", async () => {
    const { bearer, moveTo } = bearerWith(PEM.EdDSA);
    const token = await bearer.mint(A_SESSION, aHolder());

    moveTo(899);
    expect(await bearer.verify(token)).toMatchObject({ expiresAt: NOW + 900 });
    moveTo(900);
    await expect(bearer.verify(token)).rejects.toEqual(refused);
  });
});

describe("a token that names no key, as Barong 2 signs them with the same one", () => {
  test("is good whatever its random id looks like, and names neither a session nor an API key", async () => {
    const { bearer } = bearerWith(PEM.RS256);

    for (const digit of "0123456789abcdef") {
      const jti = `0123456789abcdef${digit}fff`;
      const token = await forge({ ...GOOD, jti }, { kid: undefined });

      // Of all that it says only `iat` tells when it was made.
      const says = { uid: GOOD.uid, asOf: NOW * 1000, source: undefined, expiresAt: NOW + 900 };
      expect(await bearer.verify(token)).toMatchObject(says);
      expect(await bearer.verify(token)).toMatchObject(says);
    }
    const uuid = await forge({ ...GOOD, jti: "00000000-0000-0000-0000-000000000000" }, { kid: undefined });
    expect(await bearer.verify(uuid)).toMatchObject({ source: undefined });
  });
});

describe("when keys are rotated", () => {
  /** EdDSA takes over ten minutes after noon; RSA verifies for an hour from then on. */
  const ROTATION = `Activates: 2030-01-31T12:10:00Z\n${PEM.EdDSA}Retires: 2030-01-31T13:10:00Z\n${PEM.RS256}`;
  const TAKEOVER = 600;
  const RETIREMENT = 4200;

  test("tokens of the key before are good during the overlap, and not after it", async () => {
    const { bearer, moveTo } = bearerWith(ROTATION, { lifetimeSeconds: 6000 });
    const before = await bearer.mint(A_SESSION, aHolder());
    expect(kidOf(before)).toBe(RSA.kid);

    moveTo(TAKEOVER);
    const after = await bearer.mint(A_SESSION, aHolder());
    expect(kidOf(after)).toBe(ED.kid);
    expect(await bearer.verify(before)).toMatchObject({ uid: GOOD.uid });

    moveTo(RETIREMENT - 1);
    expect(await bearer.verify(before)).toMatchObject({ uid: GOOD.uid });

    // Remembered as good, and not yet expired.
    moveTo(RETIREMENT);
    await expect(bearer.verify(before)).rejects.toEqual(refused);
    expect(await bearer.verify(after)).toMatchObject({ uid: GOOD.uid });
  });

  test("the key to come is published before it signs, and the old one until it retires", () => {
    const { bearer, moveTo } = bearerWith(ROTATION);
    const published = () => bearer.publicKeys().map(({ kid }) => kid);

    expect(published()).toEqual([RSA.kid, ED.kid]);
    moveTo(TAKEOVER);
    expect(published()).toEqual([ED.kid, RSA.kid]);
    moveTo(RETIREMENT);
    expect(published()).toEqual([ED.kid]);
  });

  test("tokens of a key to come are good, for the clock of another machine may be ahead", async () => {
    const { bearer } = bearerWith(ROTATION);

    expect(await bearer.verify(await forge(GOOD, {}, ED))).toMatchObject({ uid: GOOD.uid });
  });

  test("a token that names no key is good for as long as its key signs", async () => {
    const { bearer, moveTo } = bearerWith(ROTATION, { lifetimeSeconds: 6000 });
    const nameless = await forge({ ...GOOD, exp: NOW + 6000 }, { kid: undefined });
    expect(await bearer.verify(nameless)).toMatchObject({ uid: GOOD.uid });

    moveTo(TAKEOVER);

    await expect(bearer.verify(nameless)).rejects.toEqual(refused);
  });

  test("a key that is taken out of the file is gone at once, with all tokens that it has signed", async () => {
    const { bearer, rewrite } = bearerWith(PEM.RS256);
    const token = await bearer.mint(A_SESSION, aHolder());
    await bearer.verify(token);

    await rewrite(PEM.EdDSA);

    await expect(bearer.verify(token)).rejects.toEqual(refused);
    expect(kidOf(await bearer.mint(A_SESSION, aHolder()))).toBe(ED.kid);
    expect(bearer.publicKeys().map(({ kid }) => kid)).toEqual([ED.kid]);
  });
});

/** jose does not sign what it would refuse; nobody else need be so strict. */
function withCrit(header: object): string {
  const signed = `${inBase64({ alg: "RS256", kid: RSA.kid, ...header })}.${inBase64(GOOD)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), RSA.privateKey).toString("base64url")}`;
}

function changedBy(token: string, part: number, text: string): string {
  const parts = token.split(".");
  parts[part] = text;
  return parts.join(".");
}
