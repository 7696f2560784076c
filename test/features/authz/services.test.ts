import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { expect, test } from "vitest";
import type { Holder } from "../../../src/features/accounts/accounts.js";
import type { SigningAlgorithm } from "../../../src/platform/signing-key.js";
import { A_SESSION, aHolder, bearerWith, NOON, PEM } from "./keys.js";

/**
 * Verifiers as the services behind the gateway have them, by what those check and how they read the claims, without a library that
 * this server uses as well.
 */
type Claims = Readonly<Record<string, unknown>>;

interface Decoded {
  readonly header: Claims;
  readonly claims: Claims;
}

/** What a JWT library does first: the algorithm must be on the list, and the signature right. */
function decode(token: string, key: KeyObject, algorithms: readonly SigningAlgorithm[]): Decoded {
  const [header = "", payload = "", signature = ""] = token.split(".");
  const json = (part: string): Claims => JSON.parse(Buffer.from(part, "base64url").toString());
  const algorithm = algorithms.find((allowed) => allowed === json(header).alg);
  const signed = Buffer.from(`${header}.${payload}`);
  const bytes = Buffer.from(signature, "base64url");
  const isRight = {
    RS256: () => verify("sha256", signed, key, bytes),
    ES256: () => verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, bytes),
    EdDSA: () => verify(null, signed, key, bytes),
  };
  if (algorithm === undefined || !isRight[algorithm]()) throw new Error("signature");
  return { header: json(header), claims: json(payload) };
}

const isBlank = (claim: unknown): boolean =>
  claim === undefined || claim === null || String(claim).trim() === "";

/** Peatio 2.0: ruby-jwt with every check on and no leeway, then the rules of a member. Answers what it finds wrong. */
function faultsForPeatio({ claims }: Decoded, now: Date): string[] {
  const seconds = now.getTime() / 1000;
  const { exp, iat, nbf = 0, sub, jti, iss, aud, email, uid, role, level, state } = claims;
  const rules: Readonly<Record<string, boolean>> = {
    exp: Number.isInteger(exp) && Number(exp) > seconds,
    iat: Number.isInteger(iat) && Number(iat) <= seconds,
    nbf: Number(nbf) <= seconds,
    sub: sub === "session",
    jti: !isBlank(jti),
    iss: iss === "barong",
    aud: [aud].flat().some((one) => ["peatio", "barong"].includes(String(one))),
    email: /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(String(email)),
    uid: !isBlank(uid),
    role: ["member", "admin"].includes(String(role)),
    level: typeof level === "number" && level >= 0,
    state: state === "active",
  };
  return Object.keys(rules).filter((name) => !rules[name]);
}

/** Rango 2: Go, where a claim of another type than the struct's field makes the whole token unreadable. */
function faultsForRango({ claims }: Decoded): string[] {
  const { aud, level, referral_id, exp, iat, ...texts } = claims;
  const isText = (claim: unknown) => typeof claim === "string";
  const isNumber = (claim: unknown) => typeof claim === "number";
  const rules: Readonly<Record<string, boolean>> = {
    aud: Array.isArray(aud) && aud.every(isText),
    level: isNumber(level),
    referral_id: referral_id === null || isNumber(referral_id),
    exp: Number.isSafeInteger(exp),
    iat: Number.isSafeInteger(iat),
    ...Object.fromEntries(
      ["uid", "email", "role", "state", "jti", "iss", "sub"].map((name) => [name, isText(texts[name])]),
    ),
  };
  return Object.keys(rules).filter((name) => !rules[name]);
}

const ALGORITHMS = ["RS256", "ES256", "EdDSA"] as const;

test.each(ALGORITHMS)(
  "Peatio and Rango accept a token of %s, in the second in which it is made",
  async (algorithm) => {
    const { bearer } = bearerWith(PEM[algorithm]);
    const key = createPublicKey(PEM[algorithm]);

    const token = await bearer.mint(A_SESSION, aHolder());

    const decoded = decode(token, key, [algorithm]);
    expect(faultsForPeatio(decoded, NOON)).toEqual([]);
    expect(faultsForRango(decoded)).toEqual([]);
  },
);

test("a token is whole seconds old, whatever fraction the clock shows", async () => {
  const { bearer, moveTo } = bearerWith(PEM.EdDSA);
  moveTo(0.999);

  const decoded = decode(await bearer.mint(A_SESSION, aHolder()), createPublicKey(PEM.EdDSA), ["EdDSA"]);

  expect(faultsForPeatio(decoded, NOON)).toEqual([]);
});

test.each<[string, Partial<Holder>]>([
  ["who was referred", { referralId: 7 }],
  ["of level 0", { level: 0 }],
  ["who is an administrator", { role: "admin" }],
])("a token of somebody %s keeps the types that Rango decodes", async (_name, different) => {
  const { bearer } = bearerWith(PEM.RS256);

  const decoded = decode(await bearer.mint(A_SESSION, aHolder(different)), createPublicKey(PEM.RS256), [
    "RS256",
  ]);

  expect(faultsForPeatio(decoded, NOON)).toEqual([]);
  expect(faultsForRango(decoded)).toEqual([]);
  const { referralId, level, role } = aHolder(different);
  expect(decoded.claims).toMatchObject({ referral_id: referralId, level, role });
});

test("a reused token is good for at least half of its life", async () => {
  const { bearer, moveTo } = bearerWith(PEM.EdDSA);
  await bearer.mint(A_SESSION, aHolder());
  moveTo(449);

  const decoded = decode(await bearer.mint(A_SESSION, aHolder()), createPublicKey(PEM.EdDSA), ["EdDSA"]);

  expect(Number(decoded.claims.exp) - NOON.getTime() / 1000 - 449).toBeGreaterThanOrEqual(450);
});

test("these verifiers see what is wrong", async () => {
  const { bearer } = bearerWith(PEM.RS256, { issuer: "other", audience: ["applogic"] });
  const token = await bearer.mint(A_SESSION, aHolder({ state: "banned", role: "staff" }));

  expect(() => decode(token, createPublicKey(PEM.RS256), ["ES256"])).toThrow("signature");
  expect(() => decode(`${token.slice(0, -8)}AAAAAAAA`, createPublicKey(PEM.RS256), ["RS256"])).toThrow(
    "signature",
  );
  const decoded = decode(token, createPublicKey(PEM.RS256), ["RS256"]);
  expect(faultsForPeatio(decoded, NOON)).toEqual(["iss", "aud", "role", "state"]);
  expect(faultsForPeatio(decoded, new Date(NOON.getTime() - 1))).toContain("iat");
});
