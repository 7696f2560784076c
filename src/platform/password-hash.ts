import * as argon2 from "@node-rs/argon2";
import * as bcrypt from "@node-rs/bcrypt";
import { callSignal } from "./deadline.js";

/** More passwords wait to be hashed than the queue takes: try later. */
export class HashingOverloaded extends Error {
  override name = "HashingOverloaded";
  constructor() {
    super("too many passwords are waiting to be hashed");
  }
}

export interface Verification {
  matches: boolean;
  /** The digest is of an older kind or weaker than today's: hash the password anew once it has matched. */
  outdated: boolean;
}

export interface PasswordHasherNeeds {
  /** How many passwords are hashed at the same moment; each takes a thread and 19 MiB. */
  concurrency: number;
  /** How many may wait for their turn. */
  queueLimit: number;
}

const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const currentKind = "$argon2id$v=19$";
const decoy = `${currentKind}m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$${"A".repeat(22)}$${"A".repeat(43)}`;

/**
 * Hashes and checks passwords on the thread pool, a bounded number at a time. Every function rejects with
 * {@link HashingOverloaded} when the queue is full, and with the call's reason when the caller leaves the queue.
 */
export function createPasswordHasher({ concurrency, queueLimit }: PasswordHasherNeeds) {
  const inTurn = createTurns(concurrency, queueLimit);
  return {
    /** An argon2id digest in PHC form. Both Unicode forms of a password give a digest that fits both. */
    hash: (password: string): Promise<string> => inTurn(() => argon2.hash(password.normalize("NFC"), cost)),

    /** Whether the password fits an argon2 or bcrypt digest; a digest of another kind fits no password. */
    verify: (digest: string, password: string): Promise<Verification> =>
      inTurn(() => verification(digest, password)),

    /** Takes the time of a verification: for accounts that do not exist, so that answers do not tell. */
    verifyNothing: (password: string): Promise<void> => inTurn(() => spendVerification(password)),
  };
}

export type PasswordHasher = ReturnType<typeof createPasswordHasher>;

async function verification(digest: string, password: string): Promise<Verification> {
  if (/^\$2[aby]\$/.test(digest)) return { matches: await fitsBcrypt(digest, password), outdated: true };
  if (digest.startsWith("$argon2")) {
    const matches = await argon2.verify(digest, password.normalize("NFC"));
    return { matches, outdated: isOutdated(digest) };
  }
  await spendVerification(password);
  return { matches: false, outdated: true };
}

/** Digests of the former server were made of the text as the client sent it, in either Unicode form. */
async function fitsBcrypt(digest: string, password: string): Promise<boolean> {
  const forms = new Set([password, password.normalize("NFC"), password.normalize("NFD")]);
  for (const form of forms) {
    if (await bcrypt.verify(form, digest)) return true;
  }
  return false;
}

function isOutdated(digest: string): boolean {
  const { memoryCost, timeCost } = argon2.parseOptions(digest);
  return !digest.startsWith(currentKind) || memoryCost < cost.memoryCost || timeCost < cost.timeCost;
}

async function spendVerification(password: string): Promise<void> {
  await argon2.verify(decoy, password.normalize("NFC"));
}

/** Runs at most `concurrency` pieces of work at once, first come first served. */
function createTurns(concurrency: number, queueLimit: number) {
  let running = 0;
  const waiting = new Set<() => void>();

  const turn = (signal: AbortSignal | undefined) =>
    new Promise<void>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (running < concurrency) {
        running += 1;
        return resolve();
      }
      if (waiting.size >= queueLimit) return reject(new HashingOverloaded());
      const begin = () => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        waiting.delete(begin);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", leave, { once: true });
      waiting.add(begin);
    });

  const passOn = () => {
    const [next] = waiting;
    if (next) {
      waiting.delete(next);
      next();
    } else running -= 1;
  };

  return async <T>(work: () => Promise<T>): Promise<T> => {
    await turn(callSignal());
    try {
      // Not given the signal: a hash under way cannot be stopped, and its turn must last as long as its thread is busy.
      return await work();
    } finally {
      passOn();
    }
  };
}
