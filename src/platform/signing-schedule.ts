import { secondsAfter } from "./clock.js";
import type { SigningKey } from "./signing-key.js";

/** A key and when it is used. */
export interface ScheduledKey {
  readonly key: SigningKey;
  /** From when on it may sign; unset for a key that counts as the oldest. */
  readonly activates?: Date;
  /** From when on it verifies nothing. */
  readonly retires?: Date;
}

/** The key that signs: of those that are active and not retired the one that became so last. */
export const signerAt = <Key extends ScheduledKey>(keys: readonly Key[], now: Date): Key | undefined =>
  inOrder(keys)
    .filter((key) => !isRetired(key, now) && !isToCome(key, now))
    .at(-1);

export const isRetired = ({ retires }: ScheduledKey, now: Date): boolean =>
  retires !== undefined && retires <= now;

export const isToCome = ({ activates }: ScheduledKey, now: Date): boolean =>
  activates !== undefined && activates > now;

/** All that are not retired: the one that signs first, then those to come, then those that only verify. */
export function publishedAt<Key extends ScheduledKey>(keys: readonly Key[], now: Date): Key[] {
  const signer = signerAt(keys, now);
  const others = inOrder(keys)
    .reverse()
    .filter((key) => key !== signer && !isRetired(key, now));
  return signer === undefined ? others : [signer, ...others];
}

/** The next moment at which nothing would sign. */
export function silenceAfter(keys: readonly ScheduledKey[], now: Date): Date | undefined {
  return keys
    .flatMap(({ retires }) => (retires !== undefined && retires > now ? [retires] : []))
    .sort((one, other) => one.getTime() - other.getTime())
    .find((moment) => signerAt(keys, moment) === undefined);
}

/**
 * The schedule in which a key, and each that signs after it, goes on verifying for `keepSeconds` after its successor has taken over. A
 * later retirement that somebody has chosen stays.
 */
export function withSuccession<Key extends ScheduledKey>(
  keys: readonly Key[],
  { from, keepSeconds }: { readonly from: Key; readonly keepSeconds: number },
): Key[] {
  const order = inOrder(keys);
  const chain = order.slice(order.indexOf(from));
  return keys.map((key) => {
    const successor = chain.includes(key) ? chain[chain.indexOf(key) + 1] : undefined;
    if (successor?.activates === undefined) return key;
    const retires = secondsAfter(successor.activates, keepSeconds);
    return key.retires !== undefined && key.retires > retires ? key : { ...key, retires };
  });
}

/** Oldest first. Of keys that activate at the same time the one that comes first in the file is the newest. */
export const inOrder = <Key extends ScheduledKey>(keys: readonly Key[]): Key[] =>
  [...keys]
    .reverse()
    .sort(({ activates: one }, { activates: other }) => (one?.getTime() ?? 0) - (other?.getTime() ?? 0));
