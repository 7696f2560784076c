import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Clock } from "./clock.js";
import type { Logger } from "./logger.js";
import { every, type Periodic } from "./periodic.js";
import type { PublicJwk, SigningAlgorithm, SigningKey } from "./signing-key.js";
import { momentText, parseKeyFile } from "./signing-key-file.js";
import {
  inOrder,
  isRetired,
  publishedAt,
  type ScheduledKey,
  signerAt,
  silenceAfter,
} from "./signing-schedule.js";

const REREAD_SECONDS = 1;

export interface SigningKeysNeeds {
  readonly file: string;
  /** What the file is, for messages: the setting that names it. */
  readonly name: string;
  /** What the operator expects of the key that signs. */
  readonly algorithm: SigningAlgorithm;
  /** Whether it is worth a warning that others may read the file. */
  readonly isProduction: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Loaded {
  readonly keys: readonly ScheduledKey[];
  readonly byKid: ReadonlyMap<string, ScheduledKey>;
}

/** Until something in the schedule changes. */
interface Period {
  readonly signer: SigningKey;
  readonly from: number;
  readonly until: number;
}

/** The keys of a file, of which at any moment one signs; the file is read again when it changes. Throws an Error of one line. */
export function openSigningKeys(needs: SigningKeysNeeds) {
  const { file, name, clock, logger } = needs;
  const place = `${name} ${file}`;
  const first = contentOf(place, () => readFileSync(file, "utf8"));
  let seen = fingerprintOf(first);
  let isBad = false;
  let loaded = load(first, needs, place);
  let period: Period | undefined;
  let rereading: Periodic | undefined;
  refuseOtherAlgorithm(loaded.keys, needs, place);
  let announced = current().kid;

  function current(): SigningKey {
    const now = clock().getTime();
    // The clock may also be set back.
    if (period === undefined || now < period.from || now >= period.until) period = periodAt(loaded.keys, now);
    return period.signer;
  }

  async function reread(): Promise<void> {
    const text = await readFile(file, "utf8").catch((fault: unknown) => faultOf(place, fault));
    const found = fingerprintOf(text);
    const isNew = found !== seen;
    seen = found;
    // What is bad may become good as time goes by: a key that was to come has come.
    if (isNew || isBad) replace(text, (told) => isNew && logger.error({}, told));
    announce();
  }

  function replace(text: string | Error, complain: (told: string) => void): void {
    try {
      if (text instanceof Error) throw text;
      loaded = load(text, needs, place);
      period = undefined;
      isBad = false;
      logger.info({ kids: [...loaded.byKid.keys()] }, `${place} has been read again`);
    } catch (fault) {
      isBad = true;
      complain(`${messageOf(fault)}; the keys of before go on`);
    }
  }

  function announce(): void {
    const { kid, algorithm } = current();
    if (kid !== announced) logger.info({ kid, algorithm }, "another key signs tokens from now on");
    announced = kid;
  }

  return {
    /** The key that signs now. */
    current,

    /** A key that verifies, though it may not sign yet, or no more. */
    byKid(kid: string): SigningKey | undefined {
      const found = loaded.byKid.get(kid);
      return found === undefined || isRetired(found, clock()) ? undefined : found.key;
    },

    /** The public keys that verify now or will, the one that signs first. */
    published: (): readonly PublicJwk[] => publishedAt(loaded.keys, clock()).map(({ key }) => key.jwk),

    /** Looks whether the file has changed. */
    reread,

    start(): void {
      rereading ??= every(REREAD_SECONDS, "reading the keys of tokens", reread, logger);
    },

    async stop(): Promise<void> {
      await rereading?.stop();
      rereading = undefined;
    },
  };
}

export type SigningKeys = ReturnType<typeof openSigningKeys>;

function load(text: string, { file, isProduction, clock, logger }: SigningKeysNeeds, place: string): Loaded {
  const keys = scheduleIn(text, place);
  const now = clock();
  if (signerAt(keys, now) === undefined)
    throw new Error(`${place}: none of its keys may sign now; see Activates and Retires`);
  const silence = silenceAfter(keys, now);
  if (silence)
    logger.warn({}, `${place}: no key signs after ${momentText(silence)}; no token can be made then`);
  if (isProduction) warnIfOthersRead(file, place, logger);
  return { keys, byKid: new Map(keys.map((key) => [key.key.kid, key])) };
}

function scheduleIn(text: string, place: string): ScheduledKey[] {
  try {
    // Without the texts, which would keep the private keys in plain memory.
    return parseKeyFile(text).map(({ pem: _pem, notes: _notes, ...scheduled }) => scheduled);
  } catch (cause) {
    throw new Error(`${place}: ${messageOf(cause)}`, { cause });
  }
}

function refuseOtherAlgorithm(
  keys: readonly ScheduledKey[],
  { algorithm, clock, logger }: SigningKeysNeeds,
  place: string,
): void {
  const now = clock();
  const signer = signerAt(keys, now);
  if (signer === undefined || signer.key.algorithm === algorithm) return;
  const told = `${place}: the key that signs is for ${signer.key.algorithm}, and JWT_ALGORITHM is ${algorithm}`;
  // Nobody can change the setting in the same moment in which a key of another kind takes over.
  if (!publishedAt(keys, now).some(({ key }) => key.algorithm === algorithm)) throw new Error(told);
  logger.warn({}, `${told}; set it before the last key for ${algorithm} retires`);
}

function warnIfOthersRead(file: string, place: string, logger: Logger): void {
  // It may be about to be replaced.
  const mode = (statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o777;
  if ((mode & 0o077) !== 0)
    logger.warn({}, `${place} can be read by others (mode ${mode.toString(8).padStart(4, "0")}): chmod 600`);
}

/** What signs now, and between which of the moments in the schedule. */
function periodAt(keys: readonly ScheduledKey[], now: number): Period {
  const signer = signerAt(keys, new Date(now))?.key;
  if (signer === undefined) throw new Error("no key signs tokens now: all that were active have retired");
  const moments = inOrder(keys)
    .flatMap(({ activates, retires }) => [activates, retires])
    .flatMap((moment) => (moment === undefined ? [] : [moment.getTime()]));
  return {
    signer,
    from: Math.max(Number.NEGATIVE_INFINITY, ...moments.filter((moment) => moment <= now)),
    until: Math.min(Number.POSITIVE_INFINITY, ...moments.filter((moment) => moment > now)),
  };
}

function contentOf(place: string, read: () => string): string {
  try {
    return read();
  } catch (fault) {
    throw faultOf(place, fault);
  }
}

function faultOf(place: string, cause: unknown): Error {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
  return new Error(`${place} cannot be read (${code})`, { cause });
}

const fingerprintOf = (text: string | Error): string =>
  text instanceof Error ? text.message : createHash("sha256").update(text).digest("base64");

const messageOf = (fault: unknown): string => (fault instanceof Error ? fault.message : String(fault));
