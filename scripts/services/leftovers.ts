import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

export const FOLDER_PREFIX = "barong-test-";

/** Files in the folder of a run which list what has to end with it, one a line. */
export const NOTES = { processGroups: "process-groups", containers: "containers" } as const;

/** Takes down what earlier runs of this user have left because they were killed; answers how many there were. */
export function sweepLeftovers(): number {
  const abandoned = readdirSync(tmpdir())
    .filter((name) => name.startsWith(FOLDER_PREFIX) && !isRunning(ownerOf(name)))
    .map((name) => join(tmpdir(), name))
    .filter(isOfThisUser);
  for (const folder of abandoned) removeRun(folder, "abandoned");
  return abandoned.length;
}

/** Ends everything noted in the folder of a run, then removes the folder. Synchronous, so that an exit handler can call it. */
export function removeRun(folder: string, whose: "our own" | "abandoned"): void {
  for (const id of notes(folder, NOTES.processGroups).map(Number)) {
    if (mayKill(id, folder, whose)) killGroup(id);
  }
  for (const name of notes(folder, NOTES.containers)) {
    spawnSync("docker", ["rm", "--force", "--volumes", name], { stdio: "ignore", timeout: 20_000 });
  }
  // A killed server may hold its files for a moment longer.
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}

/** A process number may belong to a stranger by now; ours has the folder of its run among its arguments. */
function mayKill(processId: number, folder: string, whose: "our own" | "abandoned"): boolean {
  const command = commandLineOf(processId);
  if (command.includes(basename(folder))) return true;
  return command === "" && whose === "our own";
}

function killGroup(id: number): void {
  try {
    process.kill(-id, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

/** Empty for a process which is gone, or ended and not yet collected by its parent. */
function commandLineOf(processId: number): string {
  if (existsSync("/proc/self/cmdline")) {
    const file = `/proc/${processId}/cmdline`;
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }
  return spawnSync("ps", ["-ww", "-o", "command=", "-p", `${processId}`], { encoding: "utf8" }).stdout ?? "";
}

function notes(folder: string, name: string): string[] {
  const file = join(folder, name);
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
}

const ownerOf = (name: string): number => Number.parseInt(name.slice(FOLDER_PREFIX.length), 10);

function isRunning(processId: number): boolean {
  if (Number.isNaN(processId)) return true;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function isOfThisUser(folder: string): boolean {
  // Not following links: the folder for temporary files is open to everybody.
  const status = lstatSync(folder, { throwIfNoEntry: false });
  return status?.isDirectory() === true && (process.getuid === undefined || status.uid === process.getuid());
}
