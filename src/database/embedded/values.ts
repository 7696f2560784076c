import { EmbeddedError } from "./embedded-error.js";

/** What both drivers can bind: booleans and JS numbers with integer values never get that far. */
export type NativeValue = string | number | bigint | null | Uint8Array | ArrayBuffer;
export type Bindings = Record<string, string | number | bigint | null | Uint8Array>;
export type Row = Record<string, unknown>;

/**
 * Sequelize's bind parameters (`{ $1: value }` or an empty array) as the drivers take them, without the `$`.
 * Integers become bigint, for a JS number is bound as REAL and 5 would be stored as "5.0" in a text column;
 * booleans become integers, for libsql ends the process when it is given one.
 */
export function bindingsOf(parameters: unknown): Bindings | undefined {
  if (typeof parameters !== "object" || parameters === null) return undefined;
  const names = Object.keys(parameters);
  if (names.length === 0) return undefined;
  if (Array.isArray(parameters)) throw new EmbeddedError("parameters must be named", "SQLITE_ERROR");
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name.replace(/^\$/, ""), bindable(value)]),
  );
}

/** A row as mysql2 would hand it out: numbers while they are exact, else strings; dates, JSON and booleans by type. */
export function rowOf(native: Record<string, NativeValue>, readers: ReadonlyMap<string, Reader>): Row {
  const row: Row = {};
  for (const name of Object.keys(native)) {
    const value = plain(native[name] ?? null);
    const reader = value === null ? undefined : readers.get(name);
    row[name] = reader === undefined ? value : reader(value);
  }
  return row;
}

/** How to read the columns whose declared type SQLite itself does not know, by column name. */
export function readersFor(
  columns: readonly { name: string; type: string | null }[],
): ReadonlyMap<string, Reader> {
  const readers = new Map<string, Reader>();
  for (const { name, type } of columns) {
    const reader = READERS.find(([pattern]) => pattern.test(type ?? ""))?.[1];
    if (reader !== undefined) readers.set(name, reader);
  }
  return readers;
}

export type Reader = (value: unknown) => unknown;

const READERS: readonly (readonly [RegExp, Reader])[] = [
  [/^DATETIME/i, (value) => (typeof value === "string" ? new Date(withZone(value)) : value)],
  [/^JSON/i, (value) => (typeof value === "string" ? JSON.parse(value) : value)],
  [/^TINYINT\(1\)/i, (value) => (value === 1 ? true : value === 0 ? false : value)],
];

const withZone = (text: string): string => (/([+-]\d\d:\d\d|Z)$/.test(text) ? text : `${text}Z`);

function bindable(value: unknown): Bindings[string] {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value === "string" || typeof value === "bigint" || value instanceof Uint8Array) return value;
  // The form in which Sequelize writes dates, so that text order is time order.
  if (value instanceof Date) return value.toISOString().replace("T", " ").replace("Z", " +00:00");
  throw new EmbeddedError(`a ${typeof value} cannot be bound`, "SQLITE_ERROR");
}

function plain(value: NativeValue): unknown {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return value;
}
