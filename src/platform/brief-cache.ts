import { LRUCache } from "lru-cache";
import { monotonicMilliseconds } from "./clock.js";

export interface BriefCacheSettings {
  /** How old a value may be, counted from before it was read; 0 keeps nothing. */
  readonly milliseconds: number;
  /** Entries kept at most. */
  readonly most: number;
}

interface Entry<Value> {
  readonly value: Value;
  readonly owner: number;
  readonly readAt: number;
}

/**
 * Values that are asked for all the time and may be a moment old. Each belongs to an owner, whose values are forgotten at once when
 * something about him changes here; what other processes change is seen when the moment is over.
 */
export class BriefCache<Value extends object> {
  readonly #entries: LRUCache<string, Entry<Value>>;
  readonly #ofOwner = new Map<number, Set<string>>();
  readonly #milliseconds: number;
  /** For each value that is being read, the owners and keys that were forgotten meanwhile. */
  readonly #reading = new Set<Set<number | string>>();

  constructor({ milliseconds, most }: BriefCacheSettings) {
    this.#milliseconds = milliseconds;
    this.#entries = new LRUCache({ max: most, dispose: ({ owner }, key) => this.#unlink(owner, key) });
  }

  /** The value, if it is fresh. */
  peek(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (monotonicMilliseconds() - entry.readAt < this.#milliseconds) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  /** Reads a value anew and keeps it, unless it or its owner has changed meanwhile. */
  async load(
    key: string,
    read: () => Promise<Value | undefined>,
    ownerOf: (value: Value) => number,
  ): Promise<Value | undefined> {
    if (this.#milliseconds === 0) return read();
    const readAt = monotonicMilliseconds();
    const forgotten = new Set<number | string>();
    this.#reading.add(forgotten);
    try {
      const value = await read();
      if (value === undefined || forgotten.has(key)) return value;
      const owner = ownerOf(value);
      if (!forgotten.has(owner)) this.#keep(key, { value, owner, readAt });
      return value;
    } finally {
      this.#reading.delete(forgotten);
    }
  }

  /** Puts another value in the place of `present`, which it is as old as. Nothing happens when that is no longer what is kept. */
  replace(key: string, present: Value, value: Value): void {
    const entry = this.#entries.peek(key);
    if (entry?.value === present) this.#entries.set(key, { ...entry, value }, { noDisposeOnSet: true });
  }

  forget(key: string): void {
    for (const forgotten of this.#reading) forgotten.add(key);
    this.#entries.delete(key);
  }

  forgetAllOf(owner: number): void {
    for (const forgotten of this.#reading) forgotten.add(owner);
    for (const key of [...(this.#ofOwner.get(owner) ?? [])]) this.#entries.delete(key);
  }

  #keep(key: string, entry: Entry<Value>): void {
    this.#entries.set(key, entry);
    const keys = this.#ofOwner.get(entry.owner);
    if (keys) keys.add(key);
    else this.#ofOwner.set(entry.owner, new Set([key]));
  }

  #unlink(owner: number, key: string): void {
    const keys = this.#ofOwner.get(owner);
    keys?.delete(key);
    if (keys?.size === 0) this.#ofOwner.delete(owner);
  }
}
