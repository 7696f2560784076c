import { secondsAfter, secondsOf } from "./clock.js";
import { type FiledKey, parseKeyFile } from "./signing-key-file.js";
import { inOrder, isRetired, isToCome, signerAt, withSuccession } from "./signing-schedule.js";

interface Moment {
  readonly now: Date;
  /** How long a key verifies after another has taken over. */
  readonly keepSeconds: number;
}

export interface Rotated {
  readonly keys: readonly FiledKey[];
  readonly added: FiledKey;
  readonly dropped: readonly FiledKey[];
}

/** Keys that wait for their time to sign. */
export const pendingAt = (keys: readonly FiledKey[], now: Date): FiledKey[] =>
  inOrder(keys).filter((key) => isToCome(key, now));

/** Adds a key that signs when it has been published for a while, and drops those that have retired. */
export function withNewKey(
  keys: readonly FiledKey[],
  {
    pem,
    publishSeconds,
    now,
    keepSeconds,
  }: Moment & { readonly pem: string; readonly publishSeconds: number },
): Rotated {
  const [fresh] = parseKeyFile(pem.trim());
  if (fresh === undefined) throw new Error("no key to add");
  const signer = signerAt(keys, now);
  // Where nothing signs there is nothing to wait for.
  const waitSeconds = signer === undefined ? 0 : publishSeconds;
  const added = { ...fresh, activates: secondsAfter(wholeSeconds(now), waitSeconds) };
  const dropped = keys.filter((key) => isRetired(key, now));
  const kept = keys.filter((key) => !isRetired(key, now));
  // The newest comes first: where times are equal, the first of a file signs.
  return { keys: withSuccession([added, ...kept], { from: signer ?? added, keepSeconds }), added, dropped };
}

/** Takes a key out at once; another signs in its place. Throws an Error of one line when there is none that could. */
export function withoutKey(keys: readonly FiledKey[], kid: string, { now, keepSeconds }: Moment): FiledKey[] {
  if (!keys.some(({ key }) => key.kid === kid)) throw new Error(`there is no key ${kid}`);
  const live = keys.filter((key) => !isRetired(key, now));
  const rest = inOrder(live).filter(({ key }) => key.kid !== kid);
  const [oldest] = rest;
  const last = rest.at(-1);
  if (oldest === undefined || last === undefined)
    throw new Error(`${kid} is the only key; add another first: rotate --publish-for 0s`);
  const wasLast = inOrder(live).at(-1)?.key.kid === kid;
  const mended = live
    .filter((key) => rest.includes(key))
    // Which was to give way to the key that is gone.
    .map((key) => (key === last && wasLast ? withoutRetirement(key) : key))
    .map((key) =>
      key.key === oldest.key && isToCome(key, now) ? { ...key, activates: wholeSeconds(now) } : key,
    );
  return withSuccession(mended, { from: signerAt(mended, now) ?? last, keepSeconds });
}

function withoutRetirement({ retires: _retires, ...key }: FiledKey): FiledKey {
  return key;
}

const wholeSeconds = (moment: Date): Date => new Date(secondsOf(moment) * 1000);
