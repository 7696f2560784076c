import { createHash, randomInt } from "node:crypto";
import { type Database, openDatabase } from "../src/database/database.js";
import { secretContext } from "../src/features/api-keys/rules.js";
import { settingCookie } from "../src/features/sessions/cookie.js";
import { systemClock } from "../src/platform/clock.js";
import { randomHex } from "../src/platform/random.js";
import { sha256Hex, type Vault } from "../src/platform/secrets.js";

/** Of the accounts that are written here; those of the administrator and of whoever signs up stay below. */
export const FIRST_ID = 1000;
const ROWS_IN_A_STATEMENT = 1000;
const ROWS_BETWEEN_LINES = 100_000;

/** The session of a number: nobody has to remember a million of them. */
const tokenOf = (number: number): string =>
  createHash("sha256").update(`session ${number}`).digest("base64url");

/** The header by which a browser shows the session of a number. */
export const cookieOf = (number: number): string =>
  settingCookie(tokenOf(number), 60, false).split(";", 1).join();

/** Numbers below `count`, each once and in no order. */
export function someOf(count: number, howMany: number): number[] {
  const chosen = new Set<number>();
  while (chosen.size < Math.min(howMany, count)) chosen.add(randomInt(count));
  return [...chosen];
}

/** Fills a migrated MySQL database with accounts, each with a session. */
export const seedSessions = (url: string, count: number, print: (line: string) => void): Promise<void> =>
  inDatabase(url, async (database) => {
    const now = textOf(systemClock());
    const ends = textOf(new Date(systemClock().getTime() + 86_400_000));
    for (let from = 0; from < count; from += ROWS_IN_A_STATEMENT) {
      const numbers = Array.from({ length: Math.min(ROWS_IN_A_STATEMENT, count - from) }, (_, n) => from + n);
      await insertAccounts(database, numbers, now);
      const sessions = numbers.map((n) => {
        const hash = sha256Hex(tokenOf(n));
        return `(${FIRST_ID + n},'${hash}','203.0.113.9','bench','${now}','${now}','${ends}')`;
      });
      await database.write(
        `INSERT INTO sessions (user_id,token_hash,ip,user_agent,created_at,last_seen_at,expires_at) VALUES ${sessions.join()}`,
        [],
      );
      const done = from + numbers.length;
      if (done % ROWS_BETWEEN_LINES === 0) print(`${done} of ${count} accounts and sessions written`);
    }
  });

/** The name and secret of an API key. */
export interface SeededKey {
  readonly kid: string;
  readonly secret: string;
}

/** Adds an account with a second factor and an API key to a migrated database. */
export const seedApiKey = (url: string, vault: Vault): Promise<SeededKey> =>
  inDatabase(url, async (database) => {
    const kid = randomHex(8);
    const secret = randomHex(16);
    const owner = FIRST_ID - 1;
    await insertAccounts(database, [-1], textOf(systemClock()), 1);
    const now = systemClock();
    await database.write(
      "INSERT INTO api_keys (user_id,kid,algorithm,scope,state,secret_encrypted,created_at,updated_at) VALUES (?,?,?,?,?,?,?,?)",
      [owner, kid, "HS256", '["trade"]', "active", vault.seal(secret, secretContext(kid)), now, now],
    );
    return { kid, secret };
  });

async function insertAccounts(
  database: Database,
  numbers: readonly number[],
  now: string,
  otp: 0 | 1 = 0,
): Promise<void> {
  const rows = numbers.map((n) => {
    const id = FIRST_ID + n;
    const uid = `ID${id.toString(16).toUpperCase().padStart(10, "0")}`;
    return `(${id},'${uid}','${id}@example.com','no password','member',3,${otp},'active','${now}','${now}')`;
  });
  await database.write(
    `INSERT INTO users (id,uid,email,password_digest,role,level,otp,state,created_at,updated_at) VALUES ${rows.join()}`,
    [],
  );
}

async function inDatabase<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase({ url, poolSize: 1, queryTimeoutMs: 60_000 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

const textOf = (moment: Date): string => moment.toISOString().replace("T", " ").replace("Z", "");
