import { readFileSync, type Stats, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import type { Logger } from "../../platform/logger.js";
import { every, type Periodic } from "../../platform/periodic.js";
import type { PathRules } from "./path-rules.js";
import { pathRulesIn } from "./rules-text.js";

const SHIPPED: PathRules = {
  pass: ["api/v2/barong/identity", "api/v2/peatio/public"],
  block: ["api/v2/barong/management", "api/v2/peatio/management"],
};

const REREAD_SECONDS = 1;
const MOST_BYTES = 32 * 1024;

export interface PathRulesNeeds {
  /** Without one the rules are those that Barong has always shipped. */
  readonly file: string | undefined;
  readonly logger: Logger;
}

/** The lists that the gateway's verdict begins with. Throws an Error of one sentence when the file cannot be used. */
export const openPathRules = ({ file, logger }: PathRulesNeeds): OpenPathRules =>
  file === undefined ? shipped : following(file, logger);

export interface OpenPathRules {
  current(): PathRules;
  /** Looks whether the file has changed. */
  reread(): Promise<void>;
  /** From now on changes of the file are in force within seconds. */
  start(): void;
  stop(): Promise<void>;
}

const shipped: OpenPathRules = {
  current: () => SHIPPED,
  reread: async () => {},
  start() {},
  stop: async () => {},
};

function following(file: string, logger: Logger): OpenPathRules {
  const place = `AUTHZ_RULES_FILE ${file}`;
  const first = firstContent(file, place);
  let { rules } = first;
  // What was found when the file was last looked at, and what of it has been dealt with.
  let seen = first.text;
  let settled = first.text;
  let rereading: Periodic | undefined;

  async function reread(): Promise<void> {
    // Its text and not its time, which tells little after editors, copies and mounts have done their work.
    const found = await contentOf(file).catch((fault: unknown) => new Error(messageOf(fault)));
    const text = found instanceof Error ? found.message : found;
    const isQuiet = text === seen;
    seen = text;
    // One that is being written may lack the end of a list.
    if (!isQuiet || text === settled) return;
    settled = text;
    try {
      if (found instanceof Error) throw found;
      rules = pathRulesIn(found);
      logger.info({ pass: rules.pass.length, block: rules.block.length }, `${place} has been read again`);
    } catch (fault) {
      logger.error({}, `${place}: ${messageOf(fault)}; the lists of before stay in force`);
    }
  }

  return {
    current: () => rules,
    reread,
    start() {
      rereading ??= every(REREAD_SECONDS, `reading ${place}`, reread, logger);
    },
    async stop() {
      await rereading?.stop();
    },
  };
}

function firstContent(file: string, place: string): { readonly text: string; readonly rules: PathRules } {
  try {
    refuseOdd(statSync(file));
    const text = textIn(readFileSync(file));
    return { text, rules: pathRulesIn(text) };
  } catch (cause) {
    throw new Error(`${place}: ${messageOf(cause)}`, { cause });
  }
}

async function contentOf(file: string): Promise<string> {
  refuseOdd(await stat(file));
  return textIn(await readFile(file));
}

/** Refuses what would be read without end. */
function refuseOdd(stats: Stats): void {
  if (!stats.isFile()) throw new Error("it is no file");
  if (stats.size > MOST_BYTES) throw new Error(`it has more than ${MOST_BYTES / 1024} KiB`);
}

function textIn(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error("it is no text in UTF-8", { cause });
  }
}

const messageOf = (fault: unknown): string => (fault instanceof Error ? fault.message : String(fault));
