import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseKeyRing, printKeyRing, type SecretKey } from "./key-ring.js";
import { randomKey } from "./random.js";
import { generateSigningKey, type SigningAlgorithm } from "./signing-key.js";

/** Where a data folder has its signing keys. */
export const ownSigningKeyFile = (dataDir: string, algorithm: SigningAlgorithm): string =>
  join(dataDir, `jwt-${algorithm.toLowerCase()}.pem`);

/** The file of signing keys in a data folder, made on first use. */
export function madeSigningKeyFile(dataDir: string, algorithm: SigningAlgorithm): string {
  const file = ownSigningKeyFile(dataDir, algorithm);
  readOrMake(dataDir, basename(file), () => generateSigningKey(algorithm));
  return file;
}

/** The key ring of a data folder, made on first use. */
export const ownKeyRing = (dataDir: string): SecretKey[] =>
  parseKeyRing(readOrMake(dataDir, "secrets.keys", () => printKeyRing([{ id: "dev", key: randomKey() }])));

/** Of several processes that start at once, one creates the file and the others read it. */
function readOrMake(dataDir: string, name: string, make: () => string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, name);
  try {
    return readFileSync(file, "utf8");
  } catch (fault) {
    if (!isCode(fault, "ENOENT")) throw fault;
  }
  try {
    const content = make();
    writeFileSync(file, content, { mode: 0o600, flag: "wx" });
    return content;
  } catch (fault) {
    if (!isCode(fault, "EEXIST")) throw fault;
    return readFileSync(file, "utf8");
  }
}

const isCode = (fault: unknown, code: string): boolean =>
  fault instanceof Error && "code" in fault && fault.code === code;
