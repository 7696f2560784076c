import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Holder } from "../../../src/features/accounts/accounts.js";
import { type BearerNeeds, createBearer } from "../../../src/features/authz/bearer.js";
import type { TokenSource } from "../../../src/features/authz/token-stamp.js";
import { silentLogger } from "../../../src/platform/logger.js";
import { generateSigningKey, type SigningAlgorithm } from "../../../src/platform/signing-key.js";
import { parseKeyFile } from "../../../src/platform/signing-key-file.js";
import { openSigningKeys } from "../../../src/platform/signing-keys.js";
import { signerAt } from "../../../src/platform/signing-schedule.js";

export const NOON = new Date("2030-01-31T12:00:00Z");

/** A key of each kind, which tests share: making one of RSA takes a while. */
export const PEM: Readonly<Record<SigningAlgorithm, string>> = {
  RS256: generateSigningKey("RS256"),
  ES256: generateSigningKey("ES256"),
  EdDSA: generateSigningKey("EdDSA"),
};

/** What most tests mint tokens for. */
export const A_SESSION: TokenSource = { kind: "session", id: 1 };

export const aHolder = (different: Partial<Holder> = {}): Holder => ({
  id: 42,
  uid: "ID0123456789",
  email: "dana@example.com",
  role: "member",
  level: 3,
  otp: false,
  state: "active",
  referralId: null,
  credentialsChangedAt: null,
  ...different,
});

/** A bearer with the keys of a file, and a clock that stands at noon until it is moved. */
export function bearerWith(file: string, needs: Partial<Omit<BearerNeeds, "keys">> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "barong-bearer-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "jwt.pem");
  writeFileSync(path, file, { mode: 0o600 });
  let now = NOON;
  const clock = () => now;
  const source = { file: path, name: "JWT_KEYS", algorithm: algorithmOf(file), isProduction: false };
  const keys = openSigningKeys({ ...source, clock, logger: silentLogger });
  const bearer = createBearer({
    keys,
    issuer: "barong",
    audience: ["peatio", "barong"],
    lifetimeSeconds: 900,
    leewaySeconds: 0,
    clock,
    ...needs,
  });
  return {
    bearer,
    keys,
    /** Seconds after noon. */
    moveTo: (seconds: number) => {
      now = new Date(NOON.getTime() + seconds * 1000);
    },
    async rewrite(text: string) {
      writeFileSync(path, text);
      await keys.reread();
    },
  };
}

const algorithmOf = (file: string): SigningAlgorithm =>
  signerAt(parseKeyFile(file), NOON)?.key.algorithm ?? "RS256";
