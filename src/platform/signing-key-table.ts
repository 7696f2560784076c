import { type FiledKey, momentText } from "./signing-key-file.js";
import { isRetired, isToCome, publishedAt, signerAt } from "./signing-schedule.js";

const HEAD = ["KID", "ALGORITHM", "ACTIVATES", "RETIRES", "STATE"];

/** The keys of a file for the terminal, a line each, the one that signs first. */
export function keyTable(keys: readonly FiledKey[], now: Date): string {
  const retired = keys.filter((key) => isRetired(key, now));
  const signer = signerAt(keys, now);
  const lines = [...publishedAt(keys, now), ...retired].map((key) => [
    key.key.kid,
    key.key.algorithm,
    key.activates ? momentText(key.activates) : "-",
    key.retires ? momentText(key.retires) : "-",
    key === signer ? "signs now" : stateOf(key, now),
  ]);
  return [HEAD, ...lines]
    .map((cells) =>
      cells
        .map(padded([HEAD, ...lines]))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const stateOf = (key: FiledKey, now: Date): string =>
  isRetired(key, now) ? "retired" : isToCome(key, now) ? "to come" : "verifies";

const padded = (lines: readonly (readonly string[])[]) => (cell: string, column: number) =>
  cell.padEnd(Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
