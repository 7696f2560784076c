import { execFile } from "node:child_process";
import { delimiter, join } from "node:path";

export const root = join(import.meta.dirname, "../..");
const binaries = join(root, "node_modules/.bin");

/** One thing that must hold for every commit. */
export interface Step {
  readonly name: string;
  readonly check: () => Promise<Finding>;
}

export type Finding =
  | { readonly kind: "holds" }
  | { readonly kind: "fails"; readonly report: string }
  /** There was nothing to check against; the reason is shown. */
  | { readonly kind: "skipped"; readonly reason: string };

/** A step which holds when a program of node_modules/.bin ends with 0; otherwise its output is the report. */
export const programStep = (name: string, program: string, ...args: string[]): Step => ({
  name,
  check: () => runProgram(program, args),
});

export async function runProgram(program: string, args: readonly string[], folder = root): Promise<Finding> {
  const { exitCode, output } = await execute(join(binaries, program), args, folder);
  return exitCode === 0
    ? { kind: "holds" }
    : { kind: "fails", report: output || `${program} ended with ${exitCode}` };
}

/** The trimmed output of git, or undefined when git refuses. */
export async function git(...args: string[]): Promise<string | undefined> {
  const { exitCode, output } = await execute("git", args, root);
  return exitCode === 0 ? output : undefined;
}

/** Redocly's program would tell its makers of each run, and ask for its newest version. */
const QUIET = { REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" };

export function execute(
  program: string,
  args: readonly string[],
  folder: string,
): Promise<{ exitCode: number | string; output: string }> {
  // buf finds its plugins on PATH.
  const env = { ...process.env, ...QUIET, PATH: `${binaries}${delimiter}${process.env.PATH}` };
  return new Promise((resolve) => {
    execFile(
      program,
      [...args],
      { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const output = `${stdout}${stderr}`.trim();
        if (!error) resolve({ exitCode: 0, output });
        else resolve({ exitCode: error.code ?? error.signal ?? 1, output: output || error.message });
      },
    );
  });
}
