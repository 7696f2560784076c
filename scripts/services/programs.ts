import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const executeFile = promisify(execFile);

const SERVER_FOLDERS = [
  "/usr/sbin",
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/libexec",
  "/usr/local/mysql/bin",
  "/opt/homebrew/bin",
];

/**
 * The folders in which server programs are looked for: PATH, and those which systems leave out of a user's PATH.
 * `TEST_PROGRAM_FOLDERS` replaces them all, for choosing one version among several.
 */
export function programFolders(environment: NodeJS.ProcessEnv): string[] {
  const chosen = environment.TEST_PROGRAM_FOLDERS;
  if (chosen !== undefined) return chosen.split(delimiter).filter(Boolean);
  return [...(environment.PATH ?? "").split(delimiter).filter(Boolean), ...SERVER_FOLDERS];
}

/** The first of the names which is executable in one of the folders, as a full path. */
export function findProgram(names: readonly string[], folders: readonly string[]): string | undefined {
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/** Runs a program to its end and answers what it printed; rejects with its own words when it fails. */
export async function output(
  program: string,
  args: readonly string[],
  options: { timeoutSeconds: number; environment?: NodeJS.ProcessEnv; input?: string },
): Promise<string> {
  const execution = executeFile(program, [...args], {
    timeout: options.timeoutSeconds * 1000,
    ...(options.environment && { env: options.environment }),
  });
  if (options.input !== undefined) execution.child.stdin?.end(options.input);
  const { stdout } = await execution;
  return stdout.trim();
}

/** A TCP port of 127.0.0.1 on which nothing listens at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === "object") resolve(address.port);
        else reject(new Error("the system gave no port"));
      });
    });
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
