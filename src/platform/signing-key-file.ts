import { readSigningKey } from "./signing-key.js";
import type { ScheduledKey } from "./signing-schedule.js";

/** A key as its file holds it. */
export interface FiledKey extends ScheduledKey {
  /** The block as it was written. */
  readonly pem: string;
  /** What else stands before the block; kept for its author. */
  readonly notes: readonly string[];
}

/** The lines before a block that say when its key signs and verifies, which RFC 7468 leaves to whoever writes the file. */
const MARK = /^\s*(Activates|Retires)\s*:\s*(.*?)\s*$/i;
/** A line that means to be one of those; were it ignored, a key would sign or verify at the wrong time. */
const MISSPELT = /^\s*(activat|retir)\w*\s*[:=]/i;
const BLOCK = /-----BEGIN ([^-\r\n]+)-----(?:(?!-----BEGIN)[\s\S])*?-----END \1-----/g;
// With its zone, for the machines that read it may be in several.
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/** Reads a PEM file of private keys; throws an Error of one line that completes "FILE: ...". */
export function parseKeyFile(text: string): FiledKey[] {
  const keys: FiledKey[] = [];
  let lines: string[] = [];
  let read = 0;
  let blocks = 0;
  for (const { 0: pem, 1: label, index } of text.matchAll(BLOCK)) {
    lines.push(...linesIn(text.slice(read, index)));
    read = index + pem.length;
    // OpenSSL writes it before a key on a curve; it says nothing that the key does not say.
    if (label === "EC PARAMETERS") continue;
    blocks += 1;
    keys.push(keyOf(pem, lines, blocks));
    lines = [];
  }
  refuseRest(linesIn(text.slice(read)));
  if (keys.length === 0) throw new Error("there is no private key in it");
  refuseTwins(keys);
  return keys;
}

export const printKeyFile = (keys: readonly FiledKey[]): string =>
  keys
    .map(({ activates, retires, notes, pem }) =>
      [
        ...notes,
        ...(activates ? [`Activates: ${momentText(activates)}`] : []),
        ...(retires ? [`Retires: ${momentText(retires)}`] : []),
        pem,
        "",
      ].join("\n"),
    )
    .join("\n");

/** To the second, as the file says it and people read it. */
export const momentText = (moment: Date): string => moment.toISOString().replace(/\.\d+/, "");

function keyOf(pem: string, lines: readonly string[], number: number): FiledKey {
  try {
    refuseStray(lines);
    const activates = markIn(lines, "Activates");
    const retires = markIn(lines, "Retires");
    if (activates && retires && retires <= activates) throw new Error("retires before it activates");
    return {
      key: readSigningKey(pem),
      ...(activates && { activates }),
      ...(retires && { retires }),
      pem,
      notes: lines.filter((line) => !MARK.test(line)),
    };
  } catch (cause) {
    throw new Error(`block ${number} ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function markIn(lines: readonly string[], name: "Activates" | "Retires"): Date | undefined {
  const found = lines
    .map((line) => MARK.exec(line))
    .filter((mark) => mark?.[1]?.toLowerCase() === name.toLowerCase());
  if (found.length > 1) throw new Error(`has more than one line "${name}"`);
  const [, , written] = found[0] ?? [];
  if (written === undefined) return undefined;
  const moment = new Date(written);
  if (!MOMENT.test(written) || Number.isNaN(moment.getTime()))
    throw new Error(`has "${name}: ${written}", which is not a time such as 2030-01-31T12:00:00Z`);
  return moment;
}

function refuseStray(lines: readonly string[]): void {
  if (lines.some((line) => line.startsWith("-----BEGIN")))
    throw new Error("comes after a block without an end");
  const misspelt = lines.find((line) => MISSPELT.test(line) && !MARK.test(line));
  if (misspelt !== undefined)
    throw new Error(`has "${misspelt.trim()}", which is neither "Activates: TIME" nor "Retires: TIME"`);
}

function refuseRest(lines: readonly string[]): void {
  if (lines.some((line) => line.startsWith("-----BEGIN"))) throw new Error("its last block has no end");
  if (lines.some((line) => MARK.test(line)))
    throw new Error("a line Activates or Retires comes after the last block; it belongs before its key");
}

function refuseTwins(keys: readonly FiledKey[]): void {
  const kids = keys.map(({ key }) => key.kid);
  const twin = kids.find((kid, index) => kids.indexOf(kid) !== index);
  if (twin !== undefined) throw new Error(`the key ${twin} is in it twice`);
}

const linesIn = (text: string): string[] => text.split(/\r?\n/).filter((line) => line.trim() !== "");
