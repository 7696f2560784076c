import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { calculateJwkThumbprint } from "jose";
import { expect, onTestFinished, test } from "vitest";
import { type Logger, silentLogger } from "../../src/platform/logger.js";
import { generateSigningKey, readSigningKey, type SigningAlgorithm } from "../../src/platform/signing-key.js";
import { openSigningKeys } from "../../src/platform/signing-keys.js";

const NOON = new Date("2030-01-31T12:00:00Z");
const at = (time: string): Date => new Date(`2030-01-31T${time}Z`);

/** Keys that many tests share: making one of RSA takes a while. */
const RSA = generateSigningKey("RS256");
const OTHER_RSA = generateSigningKey("RS256");
const P256 = generateSigningKey("ES256");
const ED = generateSigningKey("EdDSA");

const kidOf = (pem: string): string => readSigningKey(pem).kid;

/** A block with the times of 31 January 2030 before it. */
function block(pem: string, { activates, retires }: { activates?: string; retires?: string } = {}): string {
  const mark = (name: string, time?: string) => (time ? `${name}: 2030-01-31T${time}Z\n` : "");
  return `${mark("Activates", activates)}${mark("Retires", retires)}${pem}`;
}

function open(
  text: string,
  { algorithm = "RS256" as SigningAlgorithm, isProduction = false, mode = 0o600 } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "barong-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "jwt.pem");
  writeFileSync(file, text, { mode });
  chmodSync(file, mode);
  const logged: string[] = [];
  let now = NOON;
  const log = (level: string) => (_details: object, message: string) =>
    void logged.push(`${level}: ${message}`);
  const logger: Logger = {
    debug: log("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    child: () => logger,
  };
  const keys = openSigningKeys({ file, name: "JWT_KEYS", algorithm, isProduction, clock: () => now, logger });
  return {
    keys,
    file,
    logged,
    moveTo: (time: string) => {
      now = at(time);
    },
    write: (changed: string) => writeFileSync(file, changed),
    publishedKids: () => keys.published().map(({ kid }) => kid),
  };
}

const refusalOf = (text: string, algorithm?: SigningAlgorithm): string => {
  try {
    open(text, algorithm && { algorithm });
  } catch (fault) {
    return fault instanceof Error ? fault.message.replace(/^JWT_KEYS \S+jwt\.pem:? /, "") : String(fault);
  }
  return "is accepted";
};

test.each([
  ["RS256", RSA, ["kty", "n", "e", "kid", "alg", "use"]],
  ["ES256", P256, ["kty", "x", "y", "crv", "kid", "alg", "use"]],
  ["EdDSA", ED, ["crv", "x", "kty", "kid", "alg", "use"]],
] as const)(
  "a file with one key of %s signs with it, and publishes its public half alone",
  async (algorithm, pem, members) => {
    const { keys } = open(pem, { algorithm });

    const [jwk, ...others] = keys.published();
    const { kid = "", alg, use, ...bare } = jwk ?? {};
    expect(others).toEqual([]);
    expect({ alg, use }).toEqual({ alg: algorithm, use: "sig" });
    expect(Object.keys(jwk ?? {}).sort()).toEqual([...members].sort());
    expect(kid).toBe(await calculateJwkThumbprint(bare));
    expect(keys.current()).toMatchObject({ kid, algorithm });
    expect(keys.byKid(kid)).toBe(keys.current());
    expect(keys.byKid(`${kid}x`)).toBeUndefined();
  },
);

test("of several keys the one signs that became active last; a key to come is published before", () => {
  const { keys, moveTo, publishedKids } = open(
    [
      block(ED, { activates: "12:10:00" }),
      block(RSA, { retires: "12:30:00" }),
      block(P256, { activates: "11:00:00", retires: "13:00:00" }),
    ].join(""),
    { algorithm: "ES256" },
  );
  const [rsa, p256, ed] = [RSA, P256, ED].map(kidOf);

  expect(keys.current().kid).toBe(p256);
  expect(publishedKids()).toEqual([p256, ed, rsa]);

  moveTo("12:09:59");
  expect(keys.current().kid).toBe(p256);

  moveTo("12:10:00");
  expect(keys.current().kid).toBe(ed);
  expect(publishedKids()).toEqual([ed, p256, rsa]);

  moveTo("12:30:00");
  expect(keys.byKid(rsa ?? "")).toBeUndefined();
  expect(publishedKids()).toEqual([ed, p256]);

  moveTo("13:00:00");
  expect(publishedKids()).toEqual([ed]);
});

test("a clock that is set back brings the key of then back", () => {
  const { keys, moveTo } = open(block(OTHER_RSA, { activates: "12:10:00" }) + RSA);
  moveTo("12:20:00");
  expect(keys.current().kid).toBe(kidOf(OTHER_RSA));

  moveTo("12:05:00");

  expect(keys.current().kid).toBe(kidOf(RSA));
});

test("when the newest key has retired the one before signs again", () => {
  const { keys, moveTo } = open(block(OTHER_RSA, { activates: "11:00:00", retires: "12:10:00" }) + RSA);
  expect(keys.current().kid).toBe(kidOf(OTHER_RSA));

  moveTo("12:10:00");

  expect(keys.current().kid).toBe(kidOf(RSA));
});

test("of keys without times the first one signs, as of a file that was read for one key only", () => {
  const { keys } = open(RSA + OTHER_RSA);

  expect(keys.current().kid).toBe(kidOf(RSA));
});

test("a file whose keys all retire is accepted with a warning, and signs until then", () => {
  const { keys, logged, moveTo } = open(block(RSA, { retires: "12:30:00" }));

  expect(logged).toEqual([expect.stringMatching(/^warn: .*no key signs after 2030-01-31T12:30:00Z/)]);
  moveTo("12:30:00");
  expect(() => keys.current()).toThrow("no key signs tokens now");
  expect(keys.published()).toEqual([]);
});

test("the forms of OpenSSL are read: traditional ones, parameters of curves, notes, ends of lines of Windows", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 3072 }).privateKey;
  const pkcs1 = rsa.export({ type: "pkcs1", format: "pem" }).toString();
  const curve = execFileSync("openssl", ["ecparam", "-name", "prime256v1", "-genkey"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const { keys } = open(
    `Bag Attributes\r\n    friendlyName: jwt\r\n${pkcs1.replaceAll("\n", "\r\n")}\nactivates:2030-01-31T13:30+01:00 \n${curve}`,
  );

  expect(curve).toContain("EC PARAMETERS");
  expect(keys.published().map(({ alg }) => alg)).toEqual(["RS256", "ES256"]);
  expect(keys.current().algorithm).toBe("RS256");
});

const asPublic = (pem: string) =>
  readSigningKey(pem).publicKey.export({ type: "spki", format: "pem" }).toString();
const unusable = (kind: "rsa" | "rsa-pss" | "p384"): string => {
  const { privateKey: key } =
    kind === "p384"
      ? generateKeyPairSync("ec", { namedCurve: "secp384r1" })
      : kind === "rsa"
        ? generateKeyPairSync("rsa", { modulusLength: 1024 })
        : generateKeyPairSync("rsa-pss", { modulusLength: 2048 });
  return key.export({ type: "pkcs8", format: "pem" }).toString();
};
const encrypted = (type: "pkcs1" | "pkcs8"): string =>
  generateKeyPairSync("rsa", { modulusLength: 2048 })
    .privateKey.export({ type, format: "pem", cipher: "aes-256-cbc", passphrase: "Never2belogged" })
    .toString();
const half = RSA.split("\n").slice(0, 6).join("\n");

test.each([
  ["nothing", "", "there is no private key in it"],
  ["notes alone", "a note\n", "there is no private key in it"],
  ["a public key", asPublic(RSA), "block 1 is a public key, where a private key belongs"],
  [
    "a public key behind a private one",
    RSA + asPublic(RSA),
    "block 2 is a public key, where a private key belongs",
  ],
  [
    "a certificate",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "block 1 is a certificate, where a private key belongs",
  ],
  ["an encrypted key", encrypted("pkcs8"), "block 1 is encrypted; it must be without a passphrase"],
  [
    "a key encrypted in the old way",
    encrypted("pkcs1"),
    "block 1 is encrypted; it must be without a passphrase",
  ],
  [
    "garbage",
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "block 1 cannot be read as a private key in PEM form",
  ],
  ["half a key", half, "its last block has no end"],
  ["half a key before a whole one", `${half}\n${RSA}`, "block 1 comes after a block without an end"],
  ["a small RSA key", unusable("rsa"), "block 1 is RSA with 1024 bits, where 2048 are the least"],
  ["RSA-PSS", unusable("rsa-pss"), "block 1 is of type rsa-pss, where RSA, P-256 or Ed25519 is needed"],
  [
    "another curve",
    unusable("p384"),
    "block 1 is on the curve secp384r1, where RSA, P-256 or Ed25519 is needed",
  ],
  ["a key twice", RSA + RSA, `the key ${kidOf(RSA)} is in it twice`],
  [
    "no time",
    `Retires: tomorrow\n${RSA}`,
    'block 1 has "Retires: tomorrow", which is not a time such as 2030-01-31T12:00:00Z',
  ],
  [
    "a time without its zone",
    `Activates: 2030-01-31T12:00:00\n${RSA}`,
    'block 1 has "Activates: 2030-01-31T12:00:00", which is not a time such as 2030-01-31T12:00:00Z',
  ],
  [
    "a day that does not exist",
    `Activates: 2030-13-31T12:00:00Z\n${RSA}`,
    'block 1 has "Activates: 2030-13-31T12:00:00Z", which is not a time such as 2030-01-31T12:00:00Z',
  ],
  [
    "a time twice",
    `Retires: 2031-01-31T12:00:00Z\nRetires: 2032-01-31T12:00:00Z\n${RSA}`,
    'block 1 has more than one line "Retires"',
  ],
  [
    "a misspelt line",
    `Retire: 2031-01-31T12:00:00Z\n${RSA}`,
    'block 1 has "Retire: 2031-01-31T12:00:00Z", which is neither "Activates: TIME" nor "Retires: TIME"',
  ],
  [
    "a retirement before the activation",
    block(RSA, { activates: "12:00:00", retires: "11:00:00" }),
    "block 1 retires before it activates",
  ],
  [
    "a time behind its key",
    `${RSA}Retires: 2031-01-31T12:00:00Z\n`,
    "a line Activates or Retires comes after the last block; it belongs before its key",
  ],
  [
    "keys to come alone",
    block(RSA, { activates: "12:00:01" }),
    "none of its keys may sign now; see Activates and Retires",
  ],
  [
    "keys that have retired",
    block(RSA, { retires: "12:00:00" }),
    "none of its keys may sign now; see Activates and Retires",
  ],
])("%s is refused in one clear line", (_name, text, refusal) => {
  expect(refusalOf(text)).toBe(refusal);
});

test("a file that is not there is refused by its name", () => {
  const missing = { file: "/nowhere/jwt.pem", name: "JWT_PRIVATE_KEY_PATH" };
  const rest = { algorithm: "RS256", isProduction: false, clock: () => NOON } as const;

  expect(() => openSigningKeys({ ...missing, ...rest, logger: silentLogger })).toThrow(
    "JWT_PRIVATE_KEY_PATH /nowhere/jwt.pem cannot be read (ENOENT)",
  );
});

test("the key that signs must be of the algorithm that is asked for, unless the change to it is under way", () => {
  expect(refusalOf(P256)).toBe("the key that signs is for ES256, and JWT_ALGORITHM is RS256");

  const { logged } = open(block(P256, { activates: "11:00:00" }) + block(RSA, { retires: "13:00:00" }));
  expect(logged).toEqual([
    expect.stringMatching(
      /^warn: .*is for ES256, and JWT_ALGORITHM is RS256; set it before the last key for RS256/,
    ),
  ]);
});

test("a changed file is read again, and a bad one leaves the keys as they are, with one complaint", async () => {
  const { keys, write, logged, publishedKids } = open(RSA);

  write(block(OTHER_RSA, { activates: "11:00:00" }) + RSA);
  await keys.reread();
  expect(keys.current().kid).toBe(kidOf(OTHER_RSA));
  expect(logged.at(-1)).toBe("info: another key signs tokens from now on");

  logged.length = 0;
  write(half);
  await keys.reread();
  await keys.reread();
  expect(logged).toEqual([expect.stringMatching(/^error: .*has no end; the keys of before go on$/)]);
  expect(publishedKids()).toEqual([OTHER_RSA, RSA].map(kidOf));

  logged.length = 0;
  write("");
  await keys.reread();
  await keys.reread();
  expect(logged).toEqual([expect.stringMatching(/^error: .*no private key/)]);

  write(RSA);
  await keys.reread();
  expect(publishedKids()).toEqual([kidOf(RSA)]);
});

test("a file that vanishes leaves the keys as they are, and is read when it is back", async () => {
  const { keys, file, write, logged } = open(RSA);

  rmSync(file);
  await keys.reread();
  await keys.reread();
  expect(keys.current().kid).toBe(kidOf(RSA));
  expect(logged).toEqual([expect.stringMatching(/^error: .*cannot be read \(ENOENT\)/)]);

  write(OTHER_RSA);
  await keys.reread();
  expect(keys.current().kid).toBe(kidOf(OTHER_RSA));
});

test("a file with a single key that is to come is taken when its time has come", async () => {
  const { keys, write, moveTo, logged } = open(RSA);
  write(block(OTHER_RSA, { activates: "12:10:00" }));
  await keys.reread();
  expect(keys.current().kid).toBe(kidOf(RSA));

  moveTo("12:10:00");
  await keys.reread();

  expect(keys.current().kid).toBe(kidOf(OTHER_RSA));
  expect(logged.filter((line) => line.startsWith("error"))).toHaveLength(1);
});

test("the file is watched between start and stop", async () => {
  const { keys, write } = open(RSA);
  keys.start();

  write(OTHER_RSA);
  await expect.poll(() => keys.current().kid, { timeout: 5000 }).toBe(kidOf(OTHER_RSA));

  await keys.stop();
  write(RSA);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(keys.current().kid).toBe(kidOf(OTHER_RSA));
});

test.each([
  [0o600, true, 0],
  [0o400, true, 0],
  [0o640, true, 1],
  [0o604, true, 1],
  [0o644, false, 0],
])("a file of mode %o, in production %s, is worth %i warnings", (mode, isProduction, warnings) => {
  const { logged } = open(RSA, { mode, isProduction });

  expect(logged.filter((line) => /^warn: .* can be read by others .*: chmod 600$/.test(line))).toHaveLength(
    warnings,
  );
});
