import { createPublicKey, generateKeyPairSync } from "node:crypto";
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { decodeProtectedHeader, type JSONWebKeySet } from "jose";
import { expect, test } from "vitest";
import { generateSigningKey, readSigningKey } from "../../src/platform/signing-key.js";
import { parseKeyFile } from "../../src/platform/signing-key-file.js";
import { cookieOf, post, rest } from "../support/rest.js";
import { PASSWORD } from "../support/start-app.js";
import { type Environment, freshFolder, type Listening, Running, ServerProcess } from "./server-process.js";

const RSA = generateSigningKey("RS256");
const RSA_KID = readSigningKey(RSA).kid;

/** A folder with a file of keys, and the command with that file. */
async function keyFile(text: string = RSA, environment: Environment = {}) {
  const folder = await freshFolder();
  const file = join(folder, "jwt.pem");
  writeFileSync(file, text, { mode: 0o600 });
  return {
    folder,
    file,
    run: (...args: string[]) => command({ JWT_PRIVATE_KEY_PATH: file, ...environment }, ...args),
    keys: () => parseKeyFile(readFileSync(file, "utf8")),
  };
}

async function command(environment: Environment, ...args: string[]) {
  const running = new Running("jwt-keys", environment, args);
  return { code: await running.ended(), output: running.output };
}

const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`;

async function publishedKids({ http }: Listening): Promise<string[]> {
  const response = await fetch(`${http}/api/v2/.well-known/jwks.json`);
  return ((await response.json()) as JSONWebKeySet).keys.map(({ kid = "" }) => kid);
}

async function tokenFor(server: Listening, cookie: string): Promise<string> {
  const { headers } = await rest(server, "GET", "/auth/api/v2/orders", { headers: { cookie } });
  return headers.get("authorization")?.slice("Bearer ".length) ?? "";
}

test("a server that runs publishes a new key, signs with it, and refuses the tokens of a key that is taken out", async () => {
  const { folder, run, keys } = await keyFile();
  const environment = {
    JWT_PRIVATE_KEY_PATH: join(folder, "jwt.pem"),
    DATA_DIR: folder,
    ADMIN_PASSWORD: PASSWORD,
  };
  const server = await new ServerProcess(environment).listening();
  const cookie = cookieOf(
    await post(server, "/identity/sessions", { email: "admin@barong.io", password: PASSWORD }),
  );
  const meWith = async (token: string) =>
    (await rest(server, "GET", "/resource/users/me", { headers: { authorization: `Bearer ${token}` } }))
      .status;
  const before = await tokenFor(server, cookie);
  expect(decodeProtectedHeader(before).kid).toBe(RSA_KID);

  expect(await run("rotate", "--algorithm", "EdDSA", "--publish-for", "8s")).toMatchObject({ code: 0 });
  const added = keys().find(({ key }) => key.algorithm === "EdDSA")?.key.kid ?? "";

  await expect.poll(() => publishedKids(server), { timeout: 6000 }).toEqual([RSA_KID, added]);
  expect(await tokenFor(server, cookie)).toBe(before);
  await expect
    .poll(async () => decodeProtectedHeader(await tokenFor(server, cookie)).kid, { timeout: 15_000 })
    .toBe(added);
  expect(await publishedKids(server)).toEqual([added, RSA_KID]);
  expect(await meWith(before)).toBe(200);

  expect(await run("retire", `--kid=${RSA_KID}`, "--now")).toMatchObject({ code: 0 });

  await expect.poll(() => publishedKids(server), { timeout: 5000 }).toEqual([added]);
  expect(await meWith(before)).toBe(401);
  expect(await meWith(await tokenFor(server, cookie))).toBe(200);
});

test("rotate adds a key that waits, and says when the present one retires", async () => {
  const { file, folder, run, keys } = await keyFile();

  const { code, output } = await run("rotate", "--publish-for", "30m", "--overlap", "2h");

  expect(code).toBe(0);
  const [added, present] = keys();
  const [addedKid = "", opens = 0, closes = 0] = [
    added?.key.kid,
    added?.activates?.getTime(),
    present?.retires?.getTime(),
  ];
  expect(present?.key.kid).toBe(RSA_KID);
  expect(Math.abs(opens - Date.now() - 1_800_000)).toBeLessThan(10_000);
  expect(closes - opens).toBe(7_200_000);
  expect(output).toMatch(
    new RegExp(`^${addedKid} \\(RS256\\) signs from ${TIME}\\n${RSA_KID} retires at ${TIME}\\n`),
  );
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["jwt.pem"]);
});

test("the overlap is at least the life of a token and the tolerated difference of clocks", async () => {
  const { run, keys } = await keyFile(RSA, { BARONG_JWT_EXPIRE_TIME: "6000", JWT_LEEWAY_SECONDS: "60" });

  await run("rotate", "--overlap", "10m");

  const [added, present] = keys();
  expect((present?.retires?.getTime() ?? 0) - (added?.activates?.getTime() ?? 0)).toBe(6_060_000);
});

test("a second rotate while a key waits changes nothing, unless it is forced", async () => {
  const { file, run, keys } = await keyFile();
  await run("rotate");
  const before = readFileSync(file, "utf8");

  const second = await run("rotate");

  expect(second.code).toBe(1);
  expect(second.output).toMatch(
    /^jwt-keys: a key waits already: \S+ signs from \S+; nothing is changed \(--force adds another\)\n$/,
  );
  expect(readFileSync(file, "utf8")).toBe(before);
  expect(await run("rotate", "--force")).toMatchObject({ code: 0 });
  expect(keys()).toHaveLength(3);
});

test("of rotates at the same time one adds a key; forced ones add one each, and none is lost", async () => {
  const { folder, run, keys } = await keyFile();

  const together = await Promise.all(Array.from({ length: 4 }, () => run("rotate")));
  expect(together.map(({ code }) => code).sort()).toEqual([0, 1, 1, 1]);
  expect(keys()).toHaveLength(2);

  const forced = await Promise.all(
    Array.from({ length: 4 }, () => run("rotate", "--force", "--algorithm", "ES256")),
  );
  expect(forced.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  expect(keys()).toHaveLength(6);
  expect(keys().map(({ key }) => key.kid)).toContain(RSA_KID);
  expect(readdirSync(folder)).toEqual(["jwt.pem"]);
});

test("show lists the keys with their times, the one that signs first", async () => {
  const ed = generateSigningKey("EdDSA");
  const old = generateSigningKey("ES256");
  const text = `Retires: 2001-01-01T00:00:00Z\n${old}${RSA}Activates: 2999-01-01T00:00:00Z\n${ed}`;
  const { run } = await keyFile(text);

  const { code, output } = await run("show");

  expect(code).toBe(0);
  const cells = output
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/ {2,}/));
  expect(cells).toEqual([
    ["KID", "ALGORITHM", "ACTIVATES", "RETIRES", "STATE"],
    [RSA_KID, "RS256", "-", "-", "signs now"],
    [readSigningKey(ed).kid, "EdDSA", "2999-01-01T00:00:00Z", "-", "to come"],
    [readSigningKey(old).kid, "ES256", "-", "2001-01-01T00:00:00Z", "retired"],
  ]);
});

test("public prints the key that signs, or another, as PEM and in the form of JWT_PUBLIC_KEY", async () => {
  const ed = generateSigningKey("EdDSA");
  const { run } = await keyFile(`${RSA}Activates: 2999-01-01T00:00:00Z\n${ed}`);

  for (const [pem, ...args] of [[RSA], [RSA, `--kid=${RSA_KID}`], [ed, `--kid=${readSigningKey(ed).kid}`]]) {
    const { code, output } = await run("public", ...args);
    const expected = createPublicKey(pem ?? "")
      .export({ type: "spki", format: "pem" })
      .toString();
    const [, encoded = ""] = /^JWT_PUBLIC_KEY=(\S+)$/m.exec(output) ?? [];
    expect({ code, pem: output.startsWith(expected) }).toEqual({ code: 0, pem: true });
    // Some services decode one alphabet, some the other, and some insist on the padding.
    expect(encoded).toMatch(/^[A-Za-z0-9]+={0,2}$/);
    expect(encoded.length % 4).toBe(0);
    expect(Buffer.from(encoded, "base64").toString()).toBe(expected);
    expect(output).not.toContain("PRIVATE");
  }
  expect(await run("public", "--kid=x")).toEqual({ code: 1, output: "jwt-keys: there is no key x\n" });
});

test("retire takes a key out, but never the only one, and not by mistake", async () => {
  const { file, run, keys } = await keyFile();
  const only = await run("retire", `--kid=${RSA_KID}`, "--now");
  expect(only.code).toBe(1);
  expect(only.output).toMatch(
    /^jwt-keys: \S+ is the only key; add another first: rotate --publish-for 0s\n$/,
  );

  await run("rotate", "--publish-for", "0s");
  const before = readFileSync(file, "utf8");
  expect((await run("retire", `--kid=${RSA_KID}`)).code).toBe(2);
  expect((await run("retire", "--now")).code).toBe(2);
  expect((await run("retire", "--kid=x", "--now")).code).toBe(1);
  expect(readFileSync(file, "utf8")).toBe(before);

  const retired = await run("retire", `--kid=${RSA_KID}`, "--now");
  const [left] = keys();
  expect(retired).toEqual({ code: 0, output: `${RSA_KID} is gone\n${left?.key.kid} signs now\n` });
  expect(keys()).toHaveLength(1);
});

test("the generated key of a data folder is rotated like an operator's", async () => {
  const folder = await freshFolder();
  const environment = { DATA_DIR: folder, JWT_ALGORITHM: "ES256" };
  const none = await command(environment, "show");
  expect(none.code).toBe(1);
  expect(none.output).toMatch(/^jwt-keys: there is no \S+jwt-es256\.pem yet: a server makes it/);
  expect(existsSync(join(folder, "jwt-es256.pem"))).toBe(false);

  await new ServerProcess(environment).listening();
  expect(await command(environment, "rotate")).toMatchObject({ code: 0 });

  const keys = parseKeyFile(readFileSync(join(folder, "jwt-es256.pem"), "utf8"));
  expect(keys.map(({ key }) => key.algorithm)).toEqual(["ES256", "ES256"]);
  const other = await command(environment, "rotate", "--force", "--algorithm", "RS256");
  expect(other.code).toBe(1);
  expect(other.output).toMatch(/JWT_ALGORITHM names, ES256: change that instead\n$/);
});

test("a link to the file stays a link, and whom the file is for stays", async () => {
  const { folder, file, keys } = await keyFile();
  chmodSync(file, 0o440);
  const link = join(folder, "link.pem");
  symlinkSync("jwt.pem", link);

  expect(await command({ JWT_PRIVATE_KEY_PATH: link }, "rotate")).toMatchObject({ code: 0 });

  expect(keys()).toHaveLength(2);
  expect(statSync(file).mode & 0o777).toBe(0o440);
  expect(readdirSync(folder).sort()).toEqual(["jwt.pem", "link.pem"]);
});

const encrypted = generateKeyPairSync("ed25519").privateKey.export({
  type: "pkcs8",
  format: "pem",
  cipher: "aes-256-cbc",
  passphrase: "Never2belogged",
});
const publicKey = createPublicKey(RSA).export({ type: "spki", format: "pem" }).toString();

test.each([
  ["nothing", "", "there is no private key in it"],
  ["a public key", publicKey, "block 1 is a public key, where a private key belongs"],
  ["an encrypted key", encrypted.toString(), "block 1 is encrypted; it must be without a passphrase"],
  ["a key twice", RSA + RSA, `the key ${RSA_KID} is in it twice`],
])("a file with %s is left alone by every command, and refused in one line", async (_name, text, fault) => {
  const { folder, file, run } = await keyFile(text);

  for (const args of [["show"], ["rotate"], ["public"], ["retire", "--kid=x", "--now"]]) {
    expect(await run(...args)).toEqual({ code: 1, output: `jwt-keys: ${file}: ${fault}\n` });
  }
  expect(readFileSync(file, "utf8")).toBe(text);
  expect(readdirSync(folder)).toEqual(["jwt.pem"]);
});

test("a server does not start with a file that it cannot use, and says why in one line", async () => {
  const { file } = await keyFile(publicKey);

  const server = new ServerProcess({ JWT_PRIVATE_KEY_PATH: file, DATA_DIR: await freshFolder() });

  expect(await server.ended()).toBe(1);
  expect(server.output).toContain(
    `could not start: JWT_PRIVATE_KEY_PATH ${file}: block 1 is a public key, where a private key belongs\n`,
  );
  expect(server.output).not.toMatch(/^ +at /m);
});

test("a server does not start with a key of another kind than JWT_ALGORITHM says", async () => {
  const { file } = await keyFile();

  const server = new ServerProcess({
    JWT_PRIVATE_KEY_PATH: file,
    JWT_ALGORITHM: "ES256",
    DATA_DIR: await freshFolder(),
  });

  expect(await server.ended()).toBe(1);
  expect(server.output).toContain("the key that signs is for RS256, and JWT_ALGORITHM is ES256\n");
});

test.each<[readonly string[], number, RegExp]>([
  [["--help"], 0, /^Usage: node dist\/src\/jwt-keys\.js/],
  [["rotate", "--help"], 0, /^Usage: /],
  [[], 2, /^jwt-keys: which command\? \(--help tells more\)\n$/],
  [["sideways"], 2, /^jwt-keys: no command is called sideways /],
  [["constructor"], 2, /^jwt-keys: no command is called constructor /],
  [["show", "me"], 2, /^jwt-keys: too many words: me /],
  [["show", "--force"], 2, /^jwt-keys: show takes no --force /],
  [["rotate", "--soon"], 2, /^jwt-keys: Unknown option '--soon'/],
  [["rotate", "--overlap", "1 hour"], 2, /^jwt-keys: --overlap must be a time such as 90s, 10m, 1h or 30d /],
  [["rotate", "--publish-for", "-5m"], 2, /^jwt-keys: Option '--publish-for/],
  [["rotate", "--algorithm", "HS256"], 2, /^jwt-keys: --algorithm must be one of RS256, ES256, EdDSA /],
])("%j ends with %i and an explanation, and changes nothing", async (args, code, explanation) => {
  const { file, run } = await keyFile();

  expect(await run(...args)).toEqual({ code, output: expect.stringMatching(explanation) });

  expect(readFileSync(file, "utf8")).toBe(RSA);
});

test("in production the file must be named, and a file that is not there is told", async () => {
  const unnamed = await command({ NODE_ENV: "production" }, "show");
  const missing = await command(
    { NODE_ENV: "production", JWT_PRIVATE_KEY_PATH: "/nowhere/jwt.pem" },
    "rotate",
  );

  expect(unnamed.code).toBe(1);
  expect(unnamed.output).toContain("JWT_PRIVATE_KEY_PATH must be set in production");
  expect(missing).toEqual({
    code: 1,
    output: expect.stringMatching(/^jwt-keys: ENOENT.*\/nowhere\/jwt\.pem'\n$/),
  });
});

test("a lock that a killed process left is told, with what to do", async () => {
  const { file, run } = await keyFile();
  writeFileSync(`${file}.lock`, "");

  const { code, output } = await run("rotate");

  expect(code).toBe(1);
  expect(output).toBe(
    `jwt-keys: another process is changing the file; if none is, one was killed: delete ${file}.lock\n`,
  );
  expect(readFileSync(file, "utf8")).toBe(RSA);
});
