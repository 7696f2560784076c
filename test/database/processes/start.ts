import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** Starts one of the programs of this folder as a process of its own. `output` grows as it prints. */
export function startProcess(program: string, ...args: string[]): RunningProcess {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", path, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const running: RunningProcess = {
    child,
    output: "",
    async ended() {
      if (child.exitCode === null && child.signalCode === null) await once(child, "close");
      return child.exitCode;
    },
  };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    running.output += text;
  });
  child.stderr?.pipe(process.stderr);
  return running;
}

export interface RunningProcess {
  readonly child: ChildProcess;
  output: string;
  /** Waits for the end and answers the exit code, null when it was killed. */
  ended(): Promise<number | null>;
}
