import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { systemClock } from "./platform/clock.js";
import { readKeyConfig } from "./platform/config.js";
import { ownSigningKeyFile } from "./platform/development-keys.js";
import { secondsIn } from "./platform/duration.js";
import { changeFile } from "./platform/replaced-file.js";
import { generateSigningKey, SIGNING_ALGORITHMS, type SigningAlgorithm } from "./platform/signing-key.js";
import { type FiledKey, momentText, parseKeyFile, printKeyFile } from "./platform/signing-key-file.js";
import { pendingAt, withNewKey, withoutKey } from "./platform/signing-key-rotation.js";
import { keyTable } from "./platform/signing-key-table.js";
import { signerAt } from "./platform/signing-schedule.js";

const USAGE = `Usage: node dist/src/jwt-keys.js <command> [options]

  show       list the keys that sign and verify tokens
  rotate     add a key, which signs when it has been published for a while
               --algorithm RS256|ES256|EdDSA   its kind (that of the key that signs now)
               --publish-for TIME              how long it is published before it signs (10m)
               --overlap TIME                  how long the present key verifies from then on (1h),
                                               at least the life of a token
               --force                         also while another new key waits for its time
  public     print the public key that signs now, for services that keep one in their settings
               --kid=KID                       another key's
  retire     take a key out that others may know: its tokens are refused at once
               --kid=KID --now

A TIME is a number with s, m, h or d. The keys are in the file JWT_PRIVATE_KEY_PATH; without it, in DATA_DIR.
Servers that run read the file again by themselves. More: docs/jwt.md`;

/** A command line that cannot be understood. */
class BadUsage extends Error {}

interface Options {
  readonly algorithm?: string;
  readonly "publish-for"?: string;
  readonly overlap?: string;
  readonly force?: boolean;
  readonly kid?: string;
  readonly now?: boolean;
  readonly help?: boolean;
}

interface KeyFile {
  readonly file: string;
  /** Whether a server has made it. */
  readonly isOwn: boolean;
  readonly algorithm: SigningAlgorithm;
  /** The longest that a token is accepted. */
  readonly tokenSeconds: number;
}

type Command = (keyFile: KeyFile, options: Options) => Promise<void>;

const COMMANDS: Readonly<
  Record<string, { readonly run: Command; readonly takes: readonly (keyof Options)[] }>
> = {
  show: { run: show, takes: [] },
  rotate: { run: rotate, takes: ["algorithm", "publish-for", "overlap", "force"] },
  public: { run: printPublic, takes: ["kid"] },
  retire: { run: retire, takes: ["kid", "now"] },
};

try {
  await main(process.argv.slice(2));
} catch (fault) {
  const isUsage = fault instanceof BadUsage;
  process.stderr.write(`jwt-keys: ${complaint(fault)}${isUsage ? " (--help tells more)" : ""}\n`);
  process.exitCode = isUsage ? 2 : 1;
}

async function main(args: string[]): Promise<void> {
  const { name = "", options } = commandLine(args);
  if (options.help) return say(USAGE);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined)
    throw new BadUsage(name === "" ? "which command?" : `no command is called ${name}`);
  const foreign = Object.keys(options).find((option) => !command.takes.some((taken) => taken === option));
  if (foreign !== undefined) throw new BadUsage(`${name} takes no --${foreign}`);
  await command.run(keyFile(), options);
}

async function show({ file }: KeyFile): Promise<void> {
  say(keyTable(read(file), systemClock()));
}

async function rotate({ file, isOwn, algorithm, tokenSeconds }: KeyFile, options: Options): Promise<void> {
  const wanted = options.algorithm === undefined ? undefined : algorithmIn(options.algorithm);
  if (isOwn && wanted !== undefined && wanted !== algorithm)
    throw new Error(
      `a generated key is of the kind that JWT_ALGORITHM names, ${algorithm}: change that instead`,
    );
  const publishSeconds = timeIn("publish-for", options["publish-for"] ?? "10m");
  const keepSeconds = Math.max(timeIn("overlap", options.overlap ?? "1h"), tokenSeconds);
  const kind = wanted ?? signerAt(read(file), systemClock())?.key.algorithm ?? algorithm;
  // Before others are kept from the file, for it takes a while.
  const pem = generateSigningKey(kind);

  await change(file, (keys) => {
    const now = systemClock();
    const [pending] = pendingAt(keys, now);
    if (pending && !options.force)
      throw new Error(
        `a key waits already: ${pending.key.kid} signs from ${timeOf(pending.activates)}; nothing is changed (--force adds another)`,
      );
    const { keys: rotated, added, dropped } = withNewKey(keys, { pem, publishSeconds, now, keepSeconds });
    const { kid } = added.key;
    const told = [
      ...dropped.map(({ key }) => `${key.kid} had retired and is gone`),
      `${kid} (${kind}) signs from ${timeOf(added.activates)}`,
      ...rotated
        .filter(({ retires }) => retires)
        .map((key) => `${key.key.kid} retires at ${timeOf(key.retires)}`),
      `for services that keep a key in their settings: jwt-keys public --kid=${kid}`,
    ];
    const otherKind = `JWT_ALGORITHM is ${algorithm}: set it to ${kind} when ${kid} signs`;
    return { keys: rotated, told: kind === algorithm ? told : [...told, otherKind] };
  });
}

async function printPublic({ file }: KeyFile, { kid }: Options): Promise<void> {
  const keys = read(file);
  const found = kid === undefined ? signerAt(keys, systemClock()) : keys.find(({ key }) => key.kid === kid);
  if (found === undefined) throw new Error(kid === undefined ? "no key signs now" : `there is no key ${kid}`);
  const pem = found.key.publicKey.export({ type: "spki", format: "pem" }).toString();
  // Of such text the usual and the url-safe alphabet make the same; some services read the one, some the other.
  say(`${pem}\nJWT_PUBLIC_KEY=${Buffer.from(pem).toString("base64")}`);
}

async function retire({ file, tokenSeconds }: KeyFile, { kid, now: atOnce }: Options): Promise<void> {
  if (kid === undefined) throw new BadUsage("retire needs --kid=KID");
  if (!atOnce) throw new BadUsage("retire needs --now: every token of the key is refused from then on");
  await change(file, (keys) => {
    const now = systemClock();
    const rest = withoutKey(keys, kid, { now, keepSeconds: tokenSeconds });
    return { keys: rest, told: [`${kid} is gone`, `${signerAt(rest, now)?.key.kid} signs now`] };
  });
}

function commandLine(args: string[]): { readonly name: string | undefined; readonly options: Options } {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        algorithm: { type: "string" },
        "publish-for": { type: "string" },
        overlap: { type: "string" },
        force: { type: "boolean" },
        kid: { type: "string" },
        now: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    const [name, ...others] = positionals;
    if (others.length > 0) throw new BadUsage(`too many words: ${others.join(" ")}`);
    return { name, options: { ...values } };
  } catch (fault) {
    throw fault instanceof BadUsage ? fault : new BadUsage(complaint(fault));
  }
}

function algorithmIn(word: string): SigningAlgorithm {
  const found = SIGNING_ALGORITHMS.find((algorithm) => algorithm.toLowerCase() === word.toLowerCase());
  if (found === undefined) throw new BadUsage(`--algorithm must be one of ${SIGNING_ALGORITHMS.join(", ")}`);
  return found;
}

function timeIn(option: string, text: string): number {
  const seconds = secondsIn(text);
  if (seconds === undefined) throw new BadUsage(`--${option} must be a time such as 90s, 10m, 1h or 30d`);
  return seconds;
}

function keyFile(): KeyFile {
  const { privateKeyPath, dataDir, algorithm, tokenSeconds } = readKeyConfig(process.env);
  const own = ownSigningKeyFile(dataDir, algorithm);
  if (privateKeyPath === undefined && !existsSync(own))
    throw new Error(`there is no ${own} yet: a server makes it when it starts for the first time`);
  return { file: privateKeyPath ?? own, isOwn: privateKeyPath === undefined, algorithm, tokenSeconds };
}

function read(file: string): FiledKey[] {
  return keysIn(file, readFileSync(file, "utf8"));
}

/** Writes what was decided, and tells of it when it is written. */
async function change(
  file: string,
  decide: (keys: FiledKey[]) => { readonly keys: readonly FiledKey[]; readonly told: readonly string[] },
): Promise<void> {
  let lines: readonly string[] = [];
  await changeFile(file, (text) => {
    const { keys, told } = decide(keysIn(file, text));
    lines = told;
    return printKeyFile(keys);
  });
  for (const line of lines) say(line);
}

function keysIn(file: string, text: string): FiledKey[] {
  try {
    return parseKeyFile(text);
  } catch (fault) {
    throw new Error(`${file}: ${complaint(fault)}`, { cause: fault });
  }
}

function timeOf(moment: Date | undefined): string {
  return moment === undefined ? "now" : momentText(moment);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One line, with what to do about it where the system names the cause alone. */
function complaint(fault: unknown): string {
  const told = fault instanceof Error ? fault.message : String(fault);
  const code = fault instanceof Error && "code" in fault ? fault.code : undefined;
  if (code === "EROFS" || code === "EBUSY")
    return `${told}; a file that is mounted is changed where it comes from (docs/jwt.md)`;
  return told;
}
