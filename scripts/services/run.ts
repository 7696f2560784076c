import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { appendFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { whenAbandoned } from "./ancestors.js";
import { FOLDER_PREFIX, NOTES, removeRun } from "./leftovers.js";

/** One run of the tests: a temporary folder, and everything started for it, which ends with it. */
export interface Run {
  readonly folder: string;
  /** A new folder of this run whose name begins so, readable by the current user alone. */
  readonly newFolder: (name: string) => string;
  /** Starts a program in a process group of its own. `folder` must appear among its arguments. */
  readonly spawn: (command: string, args: readonly string[], options: SpawnOptions) => ChildProcess;
  /** Announces a Docker container, before it is started, so that it is removed in any case. */
  readonly noteContainer: (name: string) => void;
}

/** Opens a run which is taken down when this process exits, by whatever way short of SIGKILL. */
export function openRun(): Run {
  // The owner's id in the name lets a later run recognise what a killed one has left.
  const folder = mkdtempSync(join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-`));
  process.once("exit", () => removeRun(folder, "our own"));
  // Without a handler a signal ends the process past the exit handlers.
  const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
  for (const [signal, number] of Object.entries(numbers))
    process.on(signal, () => process.exit(128 + number));
  whenAbandoned(() => process.exit(128 + numbers.SIGTERM));

  return {
    folder,
    newFolder: (name) => mkdtempSync(join(folder, `${name}-`)),
    spawn(command, args, options) {
      const child = spawn(command, args, { ...options, detached: true });
      if (child.pid !== undefined) appendFileSync(join(folder, NOTES.processGroups), `${child.pid}\n`);
      return child;
    },
    noteContainer: (name) => appendFileSync(join(folder, NOTES.containers), `${name}\n`),
  };
}
